// The few Linux calls that Swift's Glibc module lacks, and the one way to start a child.
#ifndef CLINUX_H
#define CLINUX_H

#include <sys/types.h>

// What main was given. The Swift runtime reads it back from /proc, which fails when descriptors have run out; its caller
// would be told that its arguments are wrong.
int clinux_argument_count(void);
const char *clinux_argument(int place);

// renameat2(2) with RENAME_NOREPLACE: the move that never overwrites.
int clinux_rename_noreplace(int from_directory, const char *from, int to_directory, const char *to);

// fcntl(2) F_SETLEASE with F_RDLCK: granted only while nobody has the file open for writing.
int clinux_lease_read(int descriptor);

// prctl(2) PR_SET_CHILD_SUBREAPER: orphans of our children become our children.
int clinux_become_subreaper(void);

// A descriptor that becomes readable when SIGTERM, SIGINT or SIGHUP has arrived; one byte, the
// signal's number, for each. Installed once; later calls return the same descriptor.
int clinux_signal_descriptor(void);

// pipe2(2) with O_CLOEXEC.
int clinux_pipe(int ends[2]);

// The f_type of fstatfs(2); -1 on error.
long clinux_file_system_type(int descriptor);

// syncfs(2).
int clinux_syncfs(int descriptor);

// memfd_create(2) with MFD_CLOEXEC.
int clinux_memory_file(const char *name);

// memmem(3) as a question.
int clinux_contains(const void *bytes, size_t count, const void *words, size_t length);

// pidfd_open(2): readable once the process has ended.
int clinux_pidfd_open(pid_t process);

// The columns of a terminal (TIOCGWINSZ); 0 where it is none, or does not know.
int clinux_terminal_width(int descriptor);

// Its lines.
int clinux_terminal_height(int descriptor);

// Whose end a siginfo_t tells of: a union's member in C.
int clinux_pid(const void *information);

struct clinux_command {
  const char *path;
  char *const *arguments;
  char *const *environment;
  const char *directory;  // NULL: the caller's
  int input, output, error;  // -1: /dev/null
  int lock;                  // handed down as descriptor 9; -1: none
  int outlives;              // it is not ended when its parent thread dies, and has a session of its own
  int mask;                  // its umask(2); -1: the caller's
  int keeps;                 // it gets our descriptors that are not close-on-exec too, and the lock under its own number
};

// Starts a command in its own process group, with default signals, no descriptor but 0, 1, 2 and 9 unless it keeps ours,
// and, unless it outlives it, SIGKILL at its parent thread's death. Returns its process ID, or -1 with errno as the failing
// call, execve included, left it.
pid_t clinux_spawn(const struct clinux_command *command);

#endif
