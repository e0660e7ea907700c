"""`python -m bot` is the same as `bobby`."""

import signal


def main() -> None:
    """Run the command line; the console script `bobby` calls it."""
    # While modules are still being imported, Ctrl-C would be a traceback.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from bot.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
