#include "handlers/table.h"

#include "handlers/handlers.h"
#include "handlers/sweep.h"

const struct handler_table handlers_table = {
	.rows = {
		[DECIDE_ERROR] = { error_start },
		[DECIDE_CLOSE] = { close_start },
		[DECIDE_RETURN] = { return_start },
		[DECIDE_REDIRECT] = { redirect_start },
		[DECIDE_FILE] = { static_file_start },
		[DECIDE_LISTING] = { autoindex_start },
		[DECIDE_TAR] = { tar_start },
		[DECIDE_CGI] = { cgi_start },
		[DECIDE_UPLOAD] = { upload_start },
		[DECIDE_PUT] = { put_start },
		[DECIDE_DELETE] = { remove_start },
		[DECIDE_RESUME] = { resume_start },
		[DECIDE_STATUS] = { status_start },
		[DECIDE_OPTIONS] = { options_start },
		[DECIDE_WAIT] = { wait_start },
	},
	.keep_house = sweep_step,
	.keep_house_end = sweep_end,
};
