#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

/*
 * Goes to the background. The first process stays and waits until the server listens, or has said why it
 * can't, and exits with that status: whoever started it finds the port open when the command returns.
 * Returns in the second process only: the end of a pipe for daemon_listens(), or -1 with the reason logged.
 */
int daemon_start(void);

/* Lets go of the terminal and has the first process exit with 0. Closes `report`; -1: nothing to do. */
void daemon_listens(int report);

#endif
