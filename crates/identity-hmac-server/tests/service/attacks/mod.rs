//! What somebody may try who means harm.
