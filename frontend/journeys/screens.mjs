// Every screen there is, a line each: `make screens` takes its picture at three widths, in both themes and both
// languages, and asks axe about it.
//
// name: of the picture · path · who: visitor, user, manager or superuser (see demo.mjs)
// prepare: what to do on the page first, given it, the texts of the language and what demo.mjs made

/** @type {{name: string, path: string | ((made: object) => string), who: string, prepare?: Function}[]} */
export const screens = [
  { name: "home", path: "/", who: "visitor" },
  { name: "sign-in", path: "/sign-in", who: "visitor" },
  { name: "register", path: "/register", who: "visitor" },
  { name: "mailings", path: "/mailings", who: "user" },
  { name: "not-found", path: "/no/such/page", who: "user" },
];
