#include <stdio.h>

int main(void)
{
	return puts("Hello, harbour!") == EOF;
}
