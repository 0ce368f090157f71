import { wrongType } from './error.mjs';

/** The environment variable `name`, undefined if there is none. */
export function readEnvironment(name, argument = 'name') {
  if (typeof name !== 'string') {
    throw wrongType(argument, 'a string', name);
  }
  const value = globalThis.process?.env?.[name] ?? globalThis.Deno?.env.get(name);
  // process.env inherits functions, such as toString.
  return typeof value === 'string' ? value : undefined;
}
