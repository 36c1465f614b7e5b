// Package failpoint lets a test end a process at an exact place: a call of Hit
// is a place with a name. In ordinary builds it is empty. In a build with the
// tag failpoints, the environment variable POSTRIDER_FAILPOINT=NAME:N makes the
// N-th hit of the place NAME kill the process as kill -9 does, so that what
// stands behind it is never done.
//
// The places are
//
//	after_354        the server waits for the mail; its intent is asked for, and nothing of it has left
//	after_last_byte  the last octet is written, its answer is not read
//	after_250        the answer is read and nobody was told
//	before_commit    a group of intents and outcomes is about to be committed
//	after_commit     it is committed and nobody was told
//
// A mail in one flight of MAIL, RCPT and BDAT has no after_354.
package failpoint

// Env is the variable that arms a place, as NAME:N with N from 1.
const Env = "POSTRIDER_FAILPOINT"
