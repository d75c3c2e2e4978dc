/*
 * Some tests ask for more memory than there is. The address sanitizer would end the process for that
 * unless told to answer as malloc does. Without the sanitizer nobody calls this.
 */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}
