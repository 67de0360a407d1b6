// Stackful coroutines on one thread: each simulated process is one, so that the library's plain blocking code can be
// stopped at any of its system calls while another process goes on.
#ifndef COROUTINE_H
#define COROUTINE_H

struct coroutine;

// A coroutine that will run body(context) on a stack of its own. Ends the program where there is no memory for it.
struct coroutine *coroutine_make(void (*body)(void *), void *context);

// Runs it until it yields (1) or has ended (0). Not from within a coroutine.
int coroutine_resume(struct coroutine *coroutine);

// Back to who resumed the one that runs.
void coroutine_yield(void);

// Gives its stack back; only once it has ended.
void coroutine_free(struct coroutine *coroutine);

#endif
