-- The oldest program that may use this schema, by the newest migration that it knows. A migration
-- that takes away what an older program needs raises the number.
CREATE TABLE oldest_program (
    migration BIGINT NOT NULL PRIMARY KEY
);
INSERT INTO oldest_program (migration) VALUES (1);
