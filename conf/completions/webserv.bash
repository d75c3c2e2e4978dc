# bash completion for webserv(8)

_webserv()
{
	local options='-t --test -T --dump -e --explain -H --header -f --from -p --prefix -D --daemon
		-s --signal --root --listen --upload --spa --auth -V --version -h --help'
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}

	# bash takes --name=value for three words.
	if [ "$cur" = '=' ]; then
		cur=
	elif [ "$prev" = '=' ]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	COMPREPLY=()
	case $prev in
	-s | --signal)
		COMPREPLY=($(compgen -W 'reload stop quit reopen upgrade status' -- "$cur"))
		return
		;;
	-p | --prefix | --root)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--listen)
		COMPREPLY=($(compgen -W '0.0.0.0 localhost unix:/' -- "$cur"))
		return
		;;
	-e | --explain | -H | --header | -f | --from | --auth)
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$options" -- "$cur"))
	else
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}

complete -F _webserv webserv
