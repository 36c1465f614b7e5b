// Package mailing is the life of a mailing: how it is saved, started, sent,
// paused and ended, and what is promised to its recipients while processes,
// databases and mail servers fail.
//
// # The promise
//
// Every client in the audience of a run has exactly one delivery, and at every
// moment planned = pending + sending + deferred + sent + failed + skipped +
// in_doubt + expired + cancelled. Nobody is silently mailed twice: an outcome
// that cannot be known is called in doubt and waits for a person, or is
// repeated once, marked, when the mailing's policy says so; who asks for a retry
// gets a linked run, in which each delivery goes again once. No moment is
// missed: a run never starts early, and at the latest one sweep late. Stop
// means stop: after the answer to a pause or a cancel at most one mail per
// connection still leaves. Trouble with a server costs no recipient its chance.
// docs/delivery.md says what is seen under each fault.
//
// # How it is kept
//
// SQL is the truth; the queue carries hints, and losing, doubling or delaying
// one changes nothing but latency. Two types do the work. A Service takes what
// people ask (create, change, start, pause …) and answers when it is
// committed. An Engine, one per worker process, moves runs and sends:
//
//	Advance   moves one run as far as it can go: starts it, gives the next
//	          clients their deliveries, gathers due retries, ends what may
//	          send no more, settles the status. Anybody may call it, any number
//	          of times, at once.
//	Deliver   claims chunks of a run, one after another, and sends them.
//	way       is a way out with its own connections, pumps, rests and limits;
//	          a run goes by the first in their order that may send.
//	sweep     finds, every few seconds in every worker, what a lost hint would
//	          have done, and takes the chunks of the dead.
//
// A mail goes through five steps: its chunk is claimed under a fencing token;
// the connection says MAIL and RCPT; the intent is committed; the last byte
// leaves; the outcome is committed. One ledger per process writes intents and
// outcomes of all connections in order, as many as have gathered, in one
// transaction: one wait per mail, and one row per busy connection that says
// sending. What a dead process leaves in that state is exactly what is in
// doubt.
//
// # How it fails
//
// Expected errors are model.Error. In the engine a database that is away stops
// progress and loses nothing: outcomes are held and written when it is back. A
// mail server that is away or refuses the login lets its way out rest, for all
// workers; the run goes by the next one, or waits or pauses with a reason. A
// refused sender, a message above the server's limit and a refusal of everybody
// pause the run. A refusal of one recipient is a row in the ledger.
package mailing
