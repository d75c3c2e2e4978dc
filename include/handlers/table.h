#ifndef HANDLERS_TABLE_H
#define HANDLERS_TABLE_H

#include "server/handler.h"

/* Which handler carries out which decision. */
extern const struct handler_table handlers_table;

#endif
