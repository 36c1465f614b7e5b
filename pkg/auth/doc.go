// Package auth knows who somebody is: passwords, access and refresh tokens,
// the accounts that commands make. It is the only importer of golang-jwt and
// of argon2id.
//
// # Tokens
//
// A sign-in makes a session (a row) and two tokens. The access token is a JWT
// that lives 15 minutes and names the session; it is worth nothing without
// the row, which is read with the account at every request, so that signing
// out, a block and a change of rights count at once. The refresh token is an
// HMAC over the session, its generation and its nonce: nothing of it is
// stored, and it is made anew, not looked up, when the same answer has to be
// given twice.
//
// # How it fails
//
// Whoever cannot be recognised gets model.Unauthenticated, with the same words
// and after the same work for a wrong password, an unknown account and a
// blocked one. Inputs that break a rule are model.Invalid with their fields.
package auth
