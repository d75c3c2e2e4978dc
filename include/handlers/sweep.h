#ifndef HANDLERS_SWEEP_H
#define HANDLERS_SWEEP_H

#include <stdint.h>

struct worker;

/*
 * Removes from the stores what nobody will come back for: uploads in pieces that are past their time, and what a process
 * that was killed in the middle of a commit has left under a hidden name (of our own kind, a day old and more). It goes
 * through a store a few hundred names at a time, so that requests are not kept waiting. Nothing is followed out of
 * a store, and no other name is touched.
 */

/* One step. How long it may rest then, in ms; TIMER_NEVER: there is nothing to sweep here. */
uint64_t sweep_step(struct worker *w);

/* Gives back what a pass that is under way holds. */
void sweep_end(struct worker *w);

#endif
