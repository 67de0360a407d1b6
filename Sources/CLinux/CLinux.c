#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

static int argument_count;
static char **all_arguments;

// glibc gives its constructors what it gives main.
__attribute__((constructor)) static void keep_arguments(int count, char **arguments) {
  argument_count = count;
  all_arguments = arguments;
}

int clinux_argument_count(void) { return argument_count; }

const char *clinux_argument(int place) { return all_arguments[place]; }

int clinux_rename_noreplace(int from_directory, const char *from, int to_directory, const char *to) {
  return renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE);
}

int clinux_lease_read(int descriptor) {
  // The lease's break would be announced by SIGIO, whose default is death.
  signal(SIGIO, SIG_IGN);
  return fcntl(descriptor, F_SETLEASE, F_RDLCK);
}

int clinux_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1); }

int clinux_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

long clinux_file_system_type(int descriptor) {
  struct statfs status;
  return fstatfs(descriptor, &status) < 0 ? -1 : (long)status.f_type;
}

int clinux_syncfs(int descriptor) { return syncfs(descriptor); }

int clinux_memory_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int clinux_contains(const void *bytes, size_t count, const void *words, size_t length) {
  return memmem(bytes, count, words, length) != NULL;
}

int clinux_terminal_width(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_col;
}

int clinux_terminal_height(int descriptor) {
  struct winsize size;
  return ioctl(descriptor, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_row;
}

int clinux_pid(const void *information) { return ((const siginfo_t *)information)->si_pid; }

int clinux_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number) {
  int saved = errno;
  unsigned char byte = (unsigned char)number;
  // A full pipe already says all that there is to say.
  if (write(signal_pipe[1], &byte, 1) < 0) {}
  errno = saved;
}

int clinux_signal_descriptor(void) {
  if (signal_pipe[0] >= 0) return signal_pipe[0];
  if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0) return -1;
  struct sigaction action = {.sa_handler = on_signal};
  sigemptyset(&action.sa_mask);
  const int watched[] = {SIGTERM, SIGINT, SIGHUP};
  // Some parents start their children with everything blocked; then no request to stop would ever arrive.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int i = 0; i < 3; i++) {
    struct sigaction old;
    // What the caller ignores (nohup) stays ignored.
    if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
      sigaction(watched[i], &action, NULL);
  }
  return signal_pipe[0];
}

// Above 9, so that no dup2 below can hit a descriptor that is still to be read.
static int lifted(int descriptor) {
  if (descriptor < 0) descriptor = open("/dev/null", O_RDWR | O_CLOEXEC);
  return fcntl(descriptor, F_DUPFD_CLOEXEC, 10);
}

// In the child, which runs on our memory until it is another program: it changes nothing of it but `error`.
_Noreturn static void become(const struct clinux_command *command, pid_t parent, volatile int *error) {
  int in = lifted(command->input), out = lifted(command->output), err = lifted(command->error);
  int lock = command->lock < 0 || command->keeps ? command->lock : lifted(command->lock);
  if (in < 0 || out < 0 || err < 0 || (command->lock >= 0 && lock < 0)) goto failed;
  if (command->outlives) {
    if (setsid() < 0) goto failed;
  } else {
    if (setpgid(0, 0) < 0) goto failed;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
    // The parent may have died before the prctl: then nobody would ever end us.
    if (getppid() != parent) _exit(127);
  }
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) goto failed;
  if (command->keeps) {
    if (lock >= 0 && fcntl(lock, F_SETFD, 0) < 0) goto failed;
  } else {
    if (lock >= 0 && dup2(lock, 9) < 0) goto failed;
    close_range(3, 8, 0);
    if (lock < 0) close(9);
    close_range(10, ~0U, CLOSE_RANGE_CLOEXEC);
  }
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (command->mask >= 0) umask((mode_t)command->mask);
  if (command->directory && chdir(command->directory) < 0) goto failed;
  execve(command->path, command->arguments, command->environment);
failed:
  *error = errno;
  _exit(127);
}

// vfork: a copy of our page tables would take longer than all else between an entry's arrival and its command.
pid_t clinux_spawn(const struct clinux_command *command) {
  volatile int error = 0;
  // A handler of ours that ran in the child would run on our memory.
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &before);
  pid_t parent = getpid(), child = vfork();
  if (child == 0) become(command, parent, &error);
  if (child < 0) error = errno;
  sigprocmask(SIG_SETMASK, &before, NULL);
  if (child > 0 && error != 0) {
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {}
    child = -1;
  }
  if (child < 0) errno = error;
  return child;
}
