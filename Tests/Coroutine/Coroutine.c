// makecontext(3) starts a coroutine; from then on _setjmp and _longjmp switch, which unlike swapcontext(3) make no
// system call.
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include "Coroutine.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

// JSON encoding is the deepest that runs on one: some 30 KiB. Below it lies a page that may not be touched.
enum { stack_size = 512 << 10, guard_size = 4096, pool_size = 64 };

struct coroutine {
  void (*body)(void *);
  void *context;
  void *stack;
  ucontext_t start;
  jmp_buf here;
  int has_started, has_ended;
};

static jmp_buf resumer;
static struct coroutine *running;
static void *pool[pool_size];
static int pooled;

static void *new_stack(void) {
  if (pooled > 0) return pool[--pooled];
  void *stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stack == MAP_FAILED || mprotect(stack, guard_size, PROT_NONE) < 0) {
    perror("coroutine stack");
    abort();
  }
  return stack;
}

static void run(void) {
  running->body(running->context);
  running->has_ended = 1;
  _longjmp(resumer, 1);
}

struct coroutine *coroutine_make(void (*body)(void *), void *context) {
  struct coroutine *made = calloc(1, sizeof *made);
  if (!made) abort();
  made->body = body;
  made->context = context;
  made->stack = new_stack();
  getcontext(&made->start);
  made->start.uc_stack.ss_sp = made->stack;
  made->start.uc_stack.ss_size = stack_size;
  makecontext(&made->start, run, 0);
  return made;
}

int coroutine_resume(struct coroutine *coroutine) {
  running = coroutine;
  if (_setjmp(resumer) == 0) {
    if (coroutine->has_started) _longjmp(coroutine->here, 1);
    coroutine->has_started = 1;
    setcontext(&coroutine->start);
  }
  return !running->has_ended;
}

void coroutine_yield(void) {
  if (_setjmp(running->here) == 0) _longjmp(resumer, 1);
}

void coroutine_free(struct coroutine *coroutine) {
  if (pooled < pool_size) pool[pooled++] = coroutine->stack;
  else munmap(coroutine->stack, stack_size);
  free(coroutine);
}
