#include "conf/directives.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

/* clang-format off */
/*
 * What the command tables of nginx 1.22 and of its own http modules hold, built in or loaded: all that
 * may stand in a file outside of upstream, mail and stream, which are refused as a whole.
 */
static const char *const standard[] = {
	"daemon", "master_process", "timer_resolution", "pid", "lock_file", "worker_processes",
	"debug_points", "user", "worker_priority", "worker_cpu_affinity", "worker_rlimit_nofile",
	"worker_rlimit_core", "worker_shutdown_timeout", "working_directory", "env", "load_module",
	"error_log", "include", "events", "worker_connections", "use", "multi_accept",
	"accept_mutex", "accept_mutex_delay", "debug_connection", "epoll_events",
	"worker_aio_requests", "thread_pool", "ssl_engine", "pcre_jit", "http", "max_headers",
	"variables_hash_max_size", "variables_hash_bucket_size", "server_names_hash_max_size",
	"server_names_hash_bucket_size", "server", "connection_pool_size", "request_pool_size",
	"client_header_timeout", "client_header_buffer_size", "large_client_header_buffers",
	"ignore_invalid_headers", "merge_slashes", "underscores_in_headers", "location", "listen",
	"server_name", "types_hash_max_size", "types_hash_bucket_size", "types", "default_type",
	"root", "alias", "limit_except", "client_max_body_size", "client_body_buffer_size",
	"client_body_timeout", "client_body_temp_path", "client_body_in_file_only",
	"client_body_in_single_buffer", "sendfile", "sendfile_max_chunk",
	"subrequest_output_buffer_size", "aio", "aio_write", "read_ahead", "directio",
	"directio_alignment", "tcp_nopush", "tcp_nodelay", "send_timeout", "send_lowat",
	"postpone_output", "limit_rate", "limit_rate_after", "keepalive_time", "keepalive_timeout",
	"keepalive_requests", "keepalive_disable", "satisfy", "auth_delay", "internal",
	"lingering_close", "lingering_time", "lingering_timeout", "reset_timedout_connection",
	"absolute_redirect", "server_name_in_redirect", "port_in_redirect", "msie_padding",
	"msie_refresh", "log_not_found", "log_subrequest", "recursive_error_pages",
	"server_tokens", "if_modified_since", "max_ranges", "chunked_transfer_encoding", "etag",
	"error_page", "post_action", "open_file_cache", "open_file_cache_valid",
	"open_file_cache_min_uses", "open_file_cache_errors", "open_file_cache_events", "resolver",
	"resolver_timeout", "gzip_vary", "gzip_http_version", "gzip_proxied", "gzip_disable",
	"disable_symlinks", "log_format", "access_log", "open_log_file_cache", "upstream", "gzip",
	"gzip_buffers", "gzip_types", "gzip_comp_level", "gzip_window", "gzip_hash",
	"postpone_gzipping", "gzip_no_buffer", "gzip_min_length", "ssi", "ssi_silent_errors",
	"ssi_ignore_recycled_buffers", "ssi_min_file_chunk", "ssi_value_length", "ssi_types",
	"ssi_last_modified", "charset", "source_charset", "override_charset", "charset_types",
	"charset_map", "sub_filter", "sub_filter_types", "sub_filter_once",
	"sub_filter_last_modified", "add_before_body", "add_after_body", "addition_types",
	"gunzip", "gunzip_buffers", "userid", "userid_service", "userid_name", "userid_domain",
	"userid_path", "userid_expires", "userid_flags", "userid_p3p", "userid_mark", "expires",
	"add_header", "add_trailer", "output_buffers", "slice", "http2_recv_buffer_size",
	"http2_pool_size", "http2_max_concurrent_streams", "http2_max_concurrent_pushes",
	"http2_max_requests", "http2_max_field_size", "http2_max_header_size",
	"http2_body_preread_size", "http2_streams_index_size", "http2_recv_timeout",
	"http2_idle_timeout", "http2_chunk_size", "http2_push_preload", "http2_push",
	"gzip_static", "dav_methods", "create_full_put_path", "min_delete_depth", "dav_access",
	"autoindex", "autoindex_format", "autoindex_localtime", "autoindex_exact_size", "index",
	"random_index", "mirror", "mirror_request_body", "try_files", "auth_request",
	"auth_request_set", "auth_basic", "auth_basic_user_file", "allow", "deny",
	"limit_conn_zone", "limit_conn", "limit_conn_log_level", "limit_conn_status",
	"limit_conn_dry_run", "limit_req_zone", "limit_req", "limit_req_log_level",
	"limit_req_status", "limit_req_dry_run", "set_real_ip_from", "real_ip_header",
	"real_ip_recursive", "geo", "map", "map_hash_max_size", "map_hash_bucket_size",
	"split_clients", "valid_referers", "referer_hash_max_size", "referer_hash_bucket_size",
	"rewrite", "return", "break", "if", "set", "rewrite_log", "uninitialized_variable_warn",
	"ssl", "ssl_certificate", "ssl_certificate_key", "ssl_password_file", "ssl_dhparam",
	"ssl_ecdh_curve", "ssl_protocols", "ssl_ciphers", "ssl_buffer_size", "ssl_verify_client",
	"ssl_verify_depth", "ssl_client_certificate", "ssl_trusted_certificate",
	"ssl_prefer_server_ciphers", "ssl_session_cache", "ssl_session_tickets",
	"ssl_session_ticket_key", "ssl_session_timeout", "ssl_crl", "ssl_ocsp",
	"ssl_ocsp_responder", "ssl_ocsp_cache", "ssl_stapling", "ssl_stapling_file",
	"ssl_stapling_responder", "ssl_stapling_verify", "ssl_early_data", "ssl_conf_command",
	"ssl_reject_handshake", "proxy_pass", "proxy_redirect", "proxy_cookie_domain",
	"proxy_cookie_path", "proxy_cookie_flags", "proxy_store", "proxy_store_access",
	"proxy_buffering", "proxy_request_buffering", "proxy_ignore_client_abort", "proxy_bind",
	"proxy_socket_keepalive", "proxy_connect_timeout", "proxy_send_timeout",
	"proxy_send_lowat", "proxy_intercept_errors", "proxy_set_header",
	"proxy_headers_hash_max_size", "proxy_headers_hash_bucket_size", "proxy_set_body",
	"proxy_method", "proxy_pass_request_headers", "proxy_pass_request_body",
	"proxy_buffer_size", "proxy_read_timeout", "proxy_buffers", "proxy_busy_buffers_size",
	"proxy_force_ranges", "proxy_limit_rate", "proxy_cache", "proxy_cache_key",
	"proxy_cache_path", "proxy_cache_bypass", "proxy_no_cache", "proxy_cache_valid",
	"proxy_cache_min_uses", "proxy_cache_max_range_offset", "proxy_cache_use_stale",
	"proxy_cache_methods", "proxy_cache_lock", "proxy_cache_lock_timeout",
	"proxy_cache_lock_age", "proxy_cache_revalidate", "proxy_cache_convert_head",
	"proxy_cache_background_update", "proxy_temp_path", "proxy_max_temp_file_size",
	"proxy_temp_file_write_size", "proxy_next_upstream", "proxy_next_upstream_tries",
	"proxy_next_upstream_timeout", "proxy_pass_header", "proxy_hide_header",
	"proxy_ignore_headers", "proxy_http_version", "proxy_ssl_session_reuse",
	"proxy_ssl_protocols", "proxy_ssl_ciphers", "proxy_ssl_name", "proxy_ssl_server_name",
	"proxy_ssl_verify", "proxy_ssl_verify_depth", "proxy_ssl_trusted_certificate",
	"proxy_ssl_crl", "proxy_ssl_certificate", "proxy_ssl_certificate_key",
	"proxy_ssl_password_file", "proxy_ssl_conf_command", "fastcgi_pass", "fastcgi_index",
	"fastcgi_split_path_info", "fastcgi_store", "fastcgi_store_access", "fastcgi_buffering",
	"fastcgi_request_buffering", "fastcgi_ignore_client_abort", "fastcgi_bind",
	"fastcgi_socket_keepalive", "fastcgi_connect_timeout", "fastcgi_send_timeout",
	"fastcgi_send_lowat", "fastcgi_buffer_size", "fastcgi_pass_request_headers",
	"fastcgi_pass_request_body", "fastcgi_intercept_errors", "fastcgi_read_timeout",
	"fastcgi_buffers", "fastcgi_busy_buffers_size", "fastcgi_force_ranges",
	"fastcgi_limit_rate", "fastcgi_cache", "fastcgi_cache_key", "fastcgi_cache_path",
	"fastcgi_cache_bypass", "fastcgi_no_cache", "fastcgi_cache_valid",
	"fastcgi_cache_min_uses", "fastcgi_cache_max_range_offset", "fastcgi_cache_use_stale",
	"fastcgi_cache_methods", "fastcgi_cache_lock", "fastcgi_cache_lock_timeout",
	"fastcgi_cache_lock_age", "fastcgi_cache_revalidate", "fastcgi_cache_background_update",
	"fastcgi_temp_path", "fastcgi_max_temp_file_size", "fastcgi_temp_file_write_size",
	"fastcgi_next_upstream", "fastcgi_next_upstream_tries", "fastcgi_next_upstream_timeout",
	"fastcgi_param", "fastcgi_pass_header", "fastcgi_hide_header", "fastcgi_ignore_headers",
	"fastcgi_catch_stderr", "fastcgi_keep_conn", "uwsgi_pass", "uwsgi_modifier1",
	"uwsgi_modifier2", "uwsgi_store", "uwsgi_store_access", "uwsgi_buffering",
	"uwsgi_request_buffering", "uwsgi_ignore_client_abort", "uwsgi_bind",
	"uwsgi_socket_keepalive", "uwsgi_connect_timeout", "uwsgi_send_timeout",
	"uwsgi_buffer_size", "uwsgi_pass_request_headers", "uwsgi_pass_request_body",
	"uwsgi_intercept_errors", "uwsgi_read_timeout", "uwsgi_buffers", "uwsgi_busy_buffers_size",
	"uwsgi_force_ranges", "uwsgi_limit_rate", "uwsgi_cache", "uwsgi_cache_key",
	"uwsgi_cache_path", "uwsgi_cache_bypass", "uwsgi_no_cache", "uwsgi_cache_valid",
	"uwsgi_cache_min_uses", "uwsgi_cache_max_range_offset", "uwsgi_cache_use_stale",
	"uwsgi_cache_methods", "uwsgi_cache_lock", "uwsgi_cache_lock_timeout",
	"uwsgi_cache_lock_age", "uwsgi_cache_revalidate", "uwsgi_cache_background_update",
	"uwsgi_temp_path", "uwsgi_max_temp_file_size", "uwsgi_temp_file_write_size",
	"uwsgi_next_upstream", "uwsgi_next_upstream_tries", "uwsgi_next_upstream_timeout",
	"uwsgi_param", "uwsgi_string", "uwsgi_pass_header", "uwsgi_hide_header",
	"uwsgi_ignore_headers", "uwsgi_ssl_session_reuse", "uwsgi_ssl_protocols",
	"uwsgi_ssl_ciphers", "uwsgi_ssl_name", "uwsgi_ssl_server_name", "uwsgi_ssl_verify",
	"uwsgi_ssl_verify_depth", "uwsgi_ssl_trusted_certificate", "uwsgi_ssl_crl",
	"uwsgi_ssl_certificate", "uwsgi_ssl_certificate_key", "uwsgi_ssl_password_file",
	"uwsgi_ssl_conf_command", "scgi_pass", "scgi_store", "scgi_store_access", "scgi_buffering",
	"scgi_request_buffering", "scgi_ignore_client_abort", "scgi_bind", "scgi_socket_keepalive",
	"scgi_connect_timeout", "scgi_send_timeout", "scgi_buffer_size",
	"scgi_pass_request_headers", "scgi_pass_request_body", "scgi_intercept_errors",
	"scgi_read_timeout", "scgi_buffers", "scgi_busy_buffers_size", "scgi_force_ranges",
	"scgi_limit_rate", "scgi_cache", "scgi_cache_key", "scgi_cache_path", "scgi_cache_bypass",
	"scgi_no_cache", "scgi_cache_valid", "scgi_cache_min_uses", "scgi_cache_max_range_offset",
	"scgi_cache_use_stale", "scgi_cache_methods", "scgi_cache_lock", "scgi_cache_lock_timeout",
	"scgi_cache_lock_age", "scgi_cache_revalidate", "scgi_cache_background_update",
	"scgi_temp_path", "scgi_max_temp_file_size", "scgi_temp_file_write_size",
	"scgi_next_upstream", "scgi_next_upstream_tries", "scgi_next_upstream_timeout",
	"scgi_param", "scgi_pass_header", "scgi_hide_header", "scgi_ignore_headers", "grpc_pass",
	"grpc_bind", "grpc_socket_keepalive", "grpc_connect_timeout", "grpc_send_timeout",
	"grpc_intercept_errors", "grpc_buffer_size", "grpc_read_timeout", "grpc_next_upstream",
	"grpc_next_upstream_tries", "grpc_next_upstream_timeout", "grpc_set_header",
	"grpc_pass_header", "grpc_hide_header", "grpc_ignore_headers", "grpc_ssl_session_reuse",
	"grpc_ssl_protocols", "grpc_ssl_ciphers", "grpc_ssl_name", "grpc_ssl_server_name",
	"grpc_ssl_verify", "grpc_ssl_verify_depth", "grpc_ssl_trusted_certificate", "grpc_ssl_crl",
	"grpc_ssl_certificate", "grpc_ssl_certificate_key", "grpc_ssl_password_file",
	"grpc_ssl_conf_command", "memcached_pass", "memcached_bind", "memcached_socket_keepalive",
	"memcached_connect_timeout", "memcached_send_timeout", "memcached_buffer_size",
	"memcached_read_timeout", "memcached_next_upstream", "memcached_next_upstream_tries",
	"memcached_next_upstream_timeout", "memcached_gzip_flag", "empty_gif", "modern_browser",
	"ancient_browser", "modern_browser_value", "ancient_browser_value", "secure_link",
	"secure_link_md5", "secure_link_secret", "flv", "mp4", "mp4_buffer_size",
	"mp4_max_buffer_size", "mp4_start_key_frame", "stub_status", "image_filter",
	"image_filter_jpeg_quality", "image_filter_webp_quality", "image_filter_sharpen",
	"image_filter_transparency", "image_filter_interlace", "image_filter_buffer",
	"xml_entities", "xslt_stylesheet", "xslt_param", "xslt_string_param", "xslt_types",
	"xslt_last_modified", "geoip_country", "geoip_org", "geoip_city", "geoip_proxy",
	"geoip_proxy_recursive", "perl_modules", "perl_require", "perl", "perl_set",
};

/* What came later, or is known from its documentation only. */
static const char *const newer[] = {
	"acme_certificate", "acme_issuer", "acme_shared_zone", "add_header_inherit",
	"add_trailer_inherit", "api", "auth_jwt", "auth_jwt_claim_set", "auth_jwt_header_set",
	"auth_jwt_key_cache", "auth_jwt_key_file", "auth_jwt_key_request", "auth_jwt_leeway",
	"auth_jwt_require", "auth_jwt_type", "auth_oidc", "auth_require", "early_hints", "f4f",
	"f4f_buffer_size", "google_perftools_profiles", "health_check", "hls", "hls_buffers",
	"hls_forward_args", "hls_fragment", "hls_mp4_buffer_size", "http2", "http3", "http3_hq",
	"http3_max_concurrent_streams", "http3_stream_buffer_size", "internal_redirect",
	"js_access", "js_body_filter", "js_content", "js_header_filter", "js_import", "js_set",
	"keepalive_min_timeout", "keyval", "keyval_zone", "limit_zone", "mail", "match", "mgmt",
	"num_map", "oidc_provider", "otel_exporter", "otel_trace", "proxy_pass_trailers",
	"quic_active_connection_id_limit", "quic_bpf", "quic_gso", "quic_host_key", "quic_retry",
	"satisfy_any", "session_log", "session_log_format", "session_log_zone", "spdy_chunk_size",
	"spdy_headers_comp", "ssl_certificate_cache", "ssl_certificate_compression",
	"ssl_ech_file", "ssl_key_log", "ssl_object_cache_inheritable", "status_zone", "stream",
	"zone_sync", "zone_sync_server",
};

/* Of modules that others made, those that are met often. */
static const char *const others[] = {
	"access_by_lua_file", "auth_pam", "auth_pam_service_name", "brotli", "brotli_static",
	"brotli_types", "content_by_lua_block", "dav_ext_lock", "dav_ext_methods", "echo",
	"echo_sleep", "fancyindex", "fancyindex_exact_size", "geoip2", "geoip2_proxy",
	"header_filter_by_lua_block", "init_by_lua_block", "log_by_lua_block", "lua_package_path",
	"lua_shared_dict", "modsecurity", "modsecurity_rules_file", "more_clear_headers",
	"more_clear_input_headers", "more_set_headers", "more_set_input_headers",
	"passenger_enabled", "pagespeed", "rewrite_by_lua_block", "set_by_lua_block",
	"subs_filter", "subs_filter_types", "upload_pass", "vhost_traffic_status_display",
	"vhost_traffic_status_zone",
};

/* What decides who may do what, or has an answer made by a program. */
static const char *const access_control[] = {
	"allow", "deny", "satisfy", "satisfy_any", "limit_except", "internal", "disable_symlinks",
	"auth_basic", "auth_basic_user_file", "auth_delay", "auth_request", "auth_request_set",
	"auth_jwt", "auth_jwt_key_file", "auth_jwt_require", "auth_oidc", "auth_require",
	"oidc_provider", "auth_pam", "valid_referers", "secure_link", "secure_link_md5",
	"secure_link_secret", "limit_req", "limit_conn", "limit_rate", "limit_zone", "geo", "map",
	"if", "geoip_country", "geoip2", "keyval", "set_real_ip_from", "real_ip_header",
	"ssl_certificate", "ssl_client_certificate", "ssl_trusted_certificate",
	"ssl_verify_client", "ssl_verify_depth", "ssl_crl", "ssl_ocsp", "ssl_reject_handshake",
	"ssl_preread", "modsecurity", "modsecurity_rules_file", "access_by_lua_file", "js_access",
	"js_content", "perl", "dav_methods", "dav_access", "min_delete_depth",
	"server_name_in_redirect", "return", "rewrite", "proxy_pass",
};
/* clang-format on */

static void check_known(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct str name = str_from(names[i]);

		cr_expect(directive_find(name) || foreign_find(name), "%s", names[i]);
	}
}

Test(foreign, every_directive_of_nginx_is_ours_or_has_a_row)
{
	check_known(standard, sizeof standard / sizeof *standard);
	check_known(newer, sizeof newer / sizeof *newer);
	check_known(others, sizeof others / sizeof *others);
}

Test(foreign, nothing_that_controls_access_is_ignored)
{
	for (size_t i = 0; i < sizeof access_control / sizeof *access_control; i++) {
		struct str name = str_from(access_control[i]);
		const struct foreign *foreign = foreign_find(name);

		cr_expect(directive_find(name) || (foreign && foreign->kind != FOREIGN_IGNORED),
		          "%s", access_control[i]);
	}
}

/* A family would swallow a misspelt name of our own: one that is ignored begins like none of ours. */
Test(foreign, no_family_that_is_ignored_begins_like_our_own)
{
	for (size_t i = 0; i < directive_count; i++) {
		const struct foreign *foreign = foreign_find(directives[i].name);

		cr_expect(foreign == NULL || foreign->kind != FOREIGN_IGNORED, "%.*s",
		          STR_ARG(directives[i].name));
	}
}

Test(foreign, what_is_refused_says_what_to_do)
{
	for (size_t i = 0; i < sizeof standard / sizeof *standard; i++) {
		struct str name = str_from(standard[i]);
		const struct foreign *foreign = directive_find(name) ? NULL : foreign_find(name);

		if (foreign && foreign->kind == FOREIGN_REFUSED)
			cr_expect(foreign->advice != NULL, "%s", standard[i]);
	}
}
