#ifndef SERVER_DESCRIPTORS_H
#define SERVER_DESCRIPTORS_H

#include <stddef.h>

/* What a forked process inherits and must let go of. */

/*
 * Closes every descriptor above 2 that is not in `keep`, which may hold -1, what is below 3, and one
 * twice; it is sorted in place. So nothing stays open by being forgotten: a listening socket would keep
 * its port taken, and the end of a channel would hide the death of whoever else held it.
 */
void descriptors_close_others(int *keep, size_t count);

/* Points 0, 1 and 2 at /dev/null: the terminal, or whoever reads our output, is let go. */
void descriptors_leave_terminal(void);

#endif
