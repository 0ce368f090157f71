const { User, fastify } = require('./routes.cjs');

module.exports = { chatIdentityRoute: fastify, User };
