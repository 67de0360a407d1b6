// The agent of the call theme: reads its prompt, prints a fixed reply.
#include <unistd.h>

int main(void) {
  static const char reply[] = "Nothing collides today; there is time from 11:00 to 14:00.\n";
  char prompt[4096];
  ssize_t count;
  while ((count = read(0, prompt, sizeof prompt)) > 0) {}
  return count < 0 || write(1, reply, sizeof reply - 1) != sizeof reply - 1 ? 74 : 0;
}
