#include "server/metrics.h"

#include <stdio.h>

static struct str name_method(unsigned i, char room[METRIC_NAME])
{
	(void)room;
	return i == METHOD_OTHER ? STR_OF("other") : method_name((enum method)i);
}

static struct str name_status(unsigned i, char room[METRIC_NAME])
{
	return str_make(room, (size_t)snprintf(room, METRIC_NAME, "%u", 100 + i));
}

static struct str name_class(unsigned i, char room[METRIC_NAME])
{
	return str_make(room, (size_t)snprintf(room, METRIC_NAME, "%uxx", 1 + i));
}

#define COUNTER(figure)         .kind = METRIC_COUNTER, .at = (figure)
#define GAUGE(figure)           .kind = METRIC_GAUGE, .at = (figure)
#define LABEL(key, value, text) .label = (key), .is = (value), .title = (text)

/* clang-format off */
const struct metric metrics[] = {
	{ .section = "Connections", .name = STR("connections_active"), .title = "Open",
	  GAUGE(FIGURE_ACTIVE), .help = "Connections that are open" },
	{ .name = STR("connections"), LABEL("state", "reading", "Reading a request's head"),
	  GAUGE(FIGURE_READING), .help = "Open connections by what is done with them" },
	{ .name = STR("connections"), LABEL("state", "writing", "Working on a request"),
	  GAUGE(FIGURE_WRITING) },
	{ .name = STR("connections"), LABEL("state", "waiting", "Waiting for a request"),
	  GAUGE(FIGURE_WAITING) },
	{ .name = STR("connections_accepted"), .title = "Accepted so far",
	  COUNTER(COUNTER_ACCEPTED), .help = "Connections taken from the listening sockets" },
	{ .name = STR("connections_handled"), .title = "Of them, handled",
	  COUNTER(COUNTER_HANDLED), .help = "Accepted connections that there was memory for" },
	{ .name = STR("connections_timed_out"), LABEL("phase", "idle", "Closed after idling"),
	  COUNTER(COUNTER_LATE_IDLE), .help = "Connections whose client was waited for in vain" },
	{ .name = STR("connections_timed_out"), LABEL("phase", "head", "Closed: the head came too slowly"),
	  COUNTER(COUNTER_LATE_HEAD) },
	{ .name = STR("connections_timed_out"), LABEL("phase", "body", "Closed: the body came too slowly"),
	  COUNTER(COUNTER_LATE_BODY) },
	{ .name = STR("connections_timed_out"), LABEL("phase", "send", "Closed: the answer was not taken"),
	  COUNTER(COUNTER_LATE_SEND) },
	{ .name = STR("connections_timed_out"), LABEL("phase", "rate", "Closed: below client_min_rate"),
	  COUNTER(COUNTER_LATE_RATE) },

	{ .section = "Traffic", .name = STR("received_bytes"), .title = "Received",
	  COUNTER(COUNTER_RECEIVED), .unit = METRIC_BYTES, .help = "Bytes received from clients" },
	{ .name = STR("sent_bytes"), .title = "Sent",
	  COUNTER(COUNTER_SENT), .unit = METRIC_BYTES, .help = "Bytes sent to clients" },

	{ .section = "Requests", .name = STR("requests"), .title = "All",
	  COUNTER(FIGURE_REQUESTS), .help = "Requests begun" },
	{ .name = STR("requests_by_method"), .label = "method", .name_of = name_method,
	  COUNTER(COUNTER_METHOD), .count = METHOD_COUNT, .is_sparse = true,
	  .help = "Requests begun, by method" },
	{ .name = STR("requests_unanswered"), .title = "Left without an answer",
	  COUNTER(COUNTER_UNANSWERED), .help = "Requests whose client left before its answer, or was to get none" },
	{ .name = STR("requests_refused"), LABEL("reason", "syntax", "Refused: malformed"),
	  COUNTER(COUNTER_REFUSED_SYNTAX), .help = "Requests refused for what they look like" },
	{ .name = STR("requests_refused"), LABEL("reason", "size", "Refused: too large"),
	  COUNTER(COUNTER_REFUSED_SIZE) },
	{ .name = STR("requests_refused"), LABEL("reason", "late", "Refused: too slow"),
	  COUNTER(COUNTER_REFUSED_LATE) },
	{ .name = STR("requests_refused"), LABEL("reason", "unsupported", "Refused: not supported"),
	  COUNTER(COUNTER_REFUSED_UNSUPPORTED) },
	{ .name = STR("requests_limited"), LABEL("limit", "conn", "Limited: too many at once"),
	  COUNTER(COUNTER_LIMITED_CONN), .help = "Requests refused by limit_conn and limit_req" },
	{ .name = STR("requests_limited"), LABEL("limit", "req", "Limited: too often"),
	  COUNTER(COUNTER_LIMITED_REQ) },
	{ .name = STR("requests_limited_dry_run"), LABEL("limit", "conn", "Would be limited: too many at once"),
	  COUNTER(COUNTER_LIMITED_CONN_DRY), .help = "Requests that passed by limit_dry_run alone" },
	{ .name = STR("requests_limited_dry_run"), LABEL("limit", "req", "Would be limited: too often"),
	  COUNTER(COUNTER_LIMITED_REQ_DRY) },

	{ .section = "Answers", .name = STR("responses_by_class"), .label = "class", .name_of = name_class,
	  COUNTER(FIGURE_CLASS), .count = 5, .help = "Answers by the class of their status" },
	{ .name = STR("responses"), .label = "status", .name_of = name_status,
	  COUNTER(COUNTER_STATUS), .count = COUNTERS_STATUSES, .is_sparse = true,
	  .help = "Answers by their status" },
	{ .name = STR("request_duration_seconds"), .title = "Time taken",
	  .kind = METRIC_HISTOGRAM, .at = COUNTER_DURATION, .unit = METRIC_MS, .histogram = HISTOGRAM_DURATION,
	  .help = "From a request's head to the end of its answer, by a clock of 4 ms" },
	{ .name = STR("response_size_bytes"), .title = "Size",
	  .kind = METRIC_HISTOGRAM, .at = COUNTER_SIZE, .unit = METRIC_BYTES, .histogram = HISTOGRAM_SIZE,
	  .help = "What answers weigh, heads included" },

	{ .section = "Programs", .name = STR("programs"), LABEL("state", "running", "Running"),
	  GAUGE(FIGURE_PROGRAMS_RUNNING), .help = "CGI programs by state" },
	{ .name = STR("programs"), LABEL("state", "queued", "Waiting for their turn"),
	  GAUGE(FIGURE_PROGRAMS_QUEUED) },
	{ .name = STR("programs_started"), .title = "Started so far",
	  COUNTER(COUNTER_PROGRAMS_STARTED), .help = "CGI programs started" },
	{ .name = STR("programs_failed"), .title = "Could not be started",
	  COUNTER(COUNTER_PROGRAMS_FAILED), .help = "CGI programs that could not be started" },
	{ .name = STR("programs_queue_timeouts"), .title = "Waited too long for their turn",
	  COUNTER(COUNTER_PROGRAMS_IMPATIENT), .help = "CGI programs given up after cgi_queue_timeout" },
	{ .name = STR("programs_timeouts"), .title = "Took too long",
	  COUNTER(COUNTER_PROGRAMS_LATE), .help = "CGI programs given up after cgi_timeout" },

	{ .section = "Uploads and files", .name = STR("uploads"), .title = "Files stored",
	  COUNTER(COUNTER_UPLOADS), .help = "Uploaded files that were stored" },
	{ .name = STR("uploaded_bytes"), .title = "Stored in all",
	  COUNTER(COUNTER_UPLOADED), .unit = METRIC_BYTES, .help = "Bytes of uploaded files that were stored" },
	{ .name = STR("file_cache_hits"), .title = "Found in the file cache",
	  COUNTER(COUNTER_CACHE_HITS), .help = "Names found in the file cache" },
	{ .name = STR("file_cache_misses"), .title = "Looked up on disk",
	  COUNTER(COUNTER_CACHE_MISSES), .help = "Names that had to be looked up on disk" },

	{ .section = "Server", .name = STR("start_time_seconds"), .title = "Started",
	  GAUGE(COUNTER_STARTED_AT), .unit = METRIC_TIME, .help = "When the server was started, in UNIX time" },
	{ .name = STR("config_load_time_seconds"), .title = "Configuration loaded",
	  GAUGE(COUNTER_LOADED_AT), .unit = METRIC_TIME,
	  .help = "When the configuration in force was loaded, in UNIX time" },
	{ .name = STR("config_generation"), .title = "Generation of the configuration",
	  GAUGE(COUNTER_GENERATION), .help = "How many configurations have been put into force, this one included" },
	{ .name = STR("config_reloads"), LABEL("result", "done", "Reloads"),
	  COUNTER(COUNTER_RELOADS), .help = "Reloads of the configuration" },
	{ .name = STR("config_reloads"), LABEL("result", "failed", "Reloads that failed"),
	  COUNTER(COUNTER_RELOADS_FAILED) },
	{ .name = STR("workers"), .title = "Workers",
	  GAUGE(FIGURE_WORKERS), .help = "Worker processes, those that finish an old configuration's requests included" },
	{ .name = STR("worker_restarts"), .title = "Workers that died and were replaced",
	  COUNTER(COUNTER_RESTARTS), .help = "Workers started again after they had died" },
};
/* clang-format on */

const size_t metric_count = sizeof metrics / sizeof *metrics;

bool metric_is_first(size_t row)
{
	return row == 0 || !str_eq(metrics[row].name, metrics[row - 1].name);
}

struct str metric_label(const struct metric *m, unsigned i, char room[METRIC_NAME])
{
	return m->is ? str_from(m->is) : m->name_of(i, room);
}

uint64_t metric_observed(const struct metric *m, const struct figures *f)
{
	uint64_t n = 0;

	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		n += f->value[m->at + i];
	return n;
}

bool metric_quantile(const struct metric *m, const struct figures *f, unsigned of_thousand,
                     uint64_t *bound)
{
	uint64_t all = metric_observed(m, f), seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS && all > 0; i++) {
		seen += f->value[m->at + i];
		if (seen * 1000 >= all * of_thousand) {
			*bound = histogram_bound(m->histogram, i);
			return true;
		}
	}
	return false;
}
