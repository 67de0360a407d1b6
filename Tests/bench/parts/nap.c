// nap MS: a model that thinks for so long and says one word. No memory, no processor.
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  long ms = argc == 2 ? atol(argv[1]) : 0;
  struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
  return nanosleep(&time, NULL) != 0 || write(1, "done\n", 5) != 5;
}
