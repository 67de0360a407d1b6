// A command that tells when it began: its first instruction reads the clock, then the time goes into a FIFO. Then it is
// the command that is named, if one is.
//
//   stamp FIFO [COMMAND ARGUMENTS...]
#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) < 0 || argc < 2) return 64;
  int64_t now = time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
  int fifo = open(argv[1], O_WRONLY | O_CLOEXEC);
  if (fifo < 0 || write(fifo, &now, sizeof now) != sizeof now) return 74;
  if (argc == 2) return 0;
  execv(argv[2], argv + 2);
  return 127;
}
