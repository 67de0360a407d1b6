// A queue's rooms in C: the system calls of the spool protocol without anything around them.
#ifndef ROOMS_H
#define ROOMS_H

#include <stdbool.h>
#include <stddef.h>

enum { ID_SIZE = 64, BODY_SIZE = 1024 };

// 1 KiB that does not compress to nothing.
extern char body[BODY_SIZE];
void make_body(void);

// An ID as the protocol wants it, unique on this machine.
void make_id(char id[ID_SIZE]);

// Opens DIRECTORY/NAME as a directory.
int open_room(int directory, const char *name);
int open_queue(const char *directory, const char *queue);

// Creates a file that must not exist, writes it, closes it; with an fsync where it is wanted.
void write_file(int room, const char *name, const void *bytes, size_t size, bool durable);

// renameat2 with RENAME_NOREPLACE.
void move(int from, const char *name, int to, const char *new_name);

void sync_room(int room);

// Opens a file and takes its lock.
int lock_file(int room, const char *name);

#endif
