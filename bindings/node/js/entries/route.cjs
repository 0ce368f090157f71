const { User, web } = require('./routes.cjs');

module.exports = { chatIdentityRoute: web, User };
