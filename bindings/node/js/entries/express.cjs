const { User, express } = require('./routes.cjs');

module.exports = { chatIdentityRoute: express, User };
