// What the C programs of the benchmark share: failure, the clock, the start gate and the line of the result.
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>

// Ends the program with what was tried and errno's word for why it failed.
_Noreturn void fail(const char *what);

// Ends the program with how it is called.
_Noreturn void usage(const char *synopsis);

// A number of at least 1, or fail.
long count_in(const char *text);

int64_t now_ns(void);

// Says on stdout that all is prepared, and waits for a byte or the end of stdin.
void wait_for_gate(void);

// Prints {"seconds": S, "items": N}.
void report(int64_t since, long items);

#endif
