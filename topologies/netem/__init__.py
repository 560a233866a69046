"""Links emulated by the kernel's netem: words for tc, and what tc says in return."""
