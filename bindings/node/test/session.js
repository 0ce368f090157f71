// Stands for the reader's own authentication in the README's route.

export function requireUser(req, res, next) {
  return req.headers.cookie ? next() : res.sendStatus(401);
}
