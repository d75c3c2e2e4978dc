#ifndef HANDLERS_HANDLERS_H
#define HANDLERS_HANDLERS_H

struct request;

/* The start() functions of the handlers, one file each; see server/handler.h for their contract. */
void static_file_start(struct request *r); /* DECIDE_FILE */
void autoindex_start(struct request *r);   /* DECIDE_LISTING */
void tar_start(struct request *r);         /* DECIDE_TAR */
void redirect_start(struct request *r);    /* DECIDE_REDIRECT */
void return_start(struct request *r);      /* DECIDE_RETURN */
void close_start(struct request *r);       /* DECIDE_CLOSE */
void error_start(struct request *r);       /* DECIDE_ERROR */
void status_start(struct request *r);      /* DECIDE_STATUS */
void options_start(struct request *r);     /* DECIDE_OPTIONS */
void wait_start(struct request *r);        /* DECIDE_WAIT */
void cgi_start(struct request *r);         /* DECIDE_CGI */
void upload_start(struct request *r);      /* DECIDE_UPLOAD */
void put_start(struct request *r);         /* DECIDE_PUT */
void resume_start(struct request *r);      /* DECIDE_RESUME */
void remove_start(struct request *r);      /* DECIDE_DELETE */

#endif
