# Prints what zsh offers for a command line: types it into a zsh on a terminal of its own and
# presses tab.
#
#   zsh complete.zsh 'homek8sctl desc'
zmodload zsh/zpty

# What the shell writes until it is silent for a second.
read_all() {
	local line silent=0
	while ((silent < 10)); do
		if zpty -r -t shell line; then
			seen+=$line
			silent=0
		else
			sleep 0.1
			((++silent))
		fi
	done
}

typeset seen=
zpty shell zsh -f -i
zpty -w shell 'PS1= PS2= RPS1=; unsetopt beep; stty cols 200; autoload -Uz compinit'
zpty -w shell 'compinit -u -D'
read_all
seen=
zpty -n -w shell "$1"$'\t\t'
read_all
zpty -d shell
print -r -- "$seen" | tr -d '\r\a' | sed 's/\x1b\[[0-9;?]*[a-zA-Z]//g'
