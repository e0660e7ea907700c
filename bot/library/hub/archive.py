"""A repository's code on this machine: fetched as an archive of one commit, unpacked with care.

Owns the folders of all repositories and the hash of what lies in them. What an archive may hold is
narrow: files and folders, below one folder, within bounds. Everything here blocks, but for nothing
is a line of the code run.
"""

import hashlib
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path

from bot.core.errors import SetupError

MOST_FILES = 20_000
MOST_BYTES = 500 * 2**20


@dataclass(frozen=True)
class RepositoryPaths:
    """Where a repository at a commit lies: its `code`, and the `home` that is its worker's own."""

    folder: Path

    @property
    def code(self) -> Path:
        """The unpacked archive."""
        return self.folder / "code"

    @property
    def home(self) -> Path:
        """What the worker may take for its home; PyTorch's cache is in it."""
        return self.folder / "home"

    @property
    def checkpoints(self) -> Path:
        """Where PyTorch looks for a file before it would download it."""
        return self.home / "torch" / "hub" / "checkpoints"


def place(folder: Path, name: str, commit: str) -> RepositoryPaths:
    """Return where OWNER/REPO `name` lies below `folder`, for a worker that works elsewhere too."""
    return RepositoryPaths(folder.absolute() / f"{name.replace('/', '--')}--{commit[:12]}")


def unpack(archive: Path, where: RepositoryPaths) -> None:
    """Unpack `archive`, whose files all lie below one folder, as the code of `where`.

    Raises:
        SetupError: It is no such archive, or too large; nothing is left of it.
    """
    fresh = where.folder / "unpacking"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        with tarfile.open(archive) as tar:
            found = [m for m in tar.getmembers() if "__pycache__" not in m.name.split("/")]
            members = [_checked(member) for member in found]
            if len(members) > MOST_FILES or sum(m.size for m in members) > MOST_BYTES:
                raise SetupError(
                    f"The archive is too large: at most {MOST_FILES} files and"
                    f" {MOST_BYTES // 2**20} MiB are unpacked."
                )
            tar.extractall(fresh, members, filter="data")
        tops = list(fresh.iterdir())
        if len(tops) != 1 or not (tops[0] / "hubconf.py").is_file():
            raise SetupError(
                "No hubconf.py at the top level, so this isn't a Torch Hub repository."
            )
        shutil.rmtree(where.code, ignore_errors=True)
        tops[0].rename(where.code)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SetupError(f"The archive can't be unpacked: {error}.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _checked(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return `member` if it is a plain file or a folder.

    Raises:
        SetupError: It is a link or a device, which no network needs.
    """
    if not (member.isfile() or member.isdir()):
        raise SetupError(f"The archive holds {member.name}, which is no plain file.")
    return member


def tree(code: Path) -> str:
    """Return a SHA-256 over the names and contents of all files in the folder `code`.

    What is compiled does not count: it is neither unpacked nor run.
    """
    digest = hashlib.sha256()
    for path in sorted(code.rglob("*")):
        if path.is_symlink():
            digest.update(f"link {path.relative_to(code).as_posix()}\0".encode())
        elif path.is_file() and path.parent.name != "__pycache__":
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{path.relative_to(code).as_posix()}\0{content}\0".encode())
    return digest.hexdigest()
