"""Reads the files of a folder at one commit of a Git repository over HTTP(S); nothing of it is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from dulwich.client import GitClient, HTTPUnauthorized, get_transport_and_path
from dulwich.errors import GitProtocolError, HangupException, NotGitRepository, NotTreeError
from dulwich.object_store import iter_tree_contents, peel_sha, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import MemoryRepo
from urllib3.exceptions import HTTPError

from fairwatch.domain.errors import ConfigurationError, RetryableError
from fairwatch.stores.git_signature import signer_of, signers

PEELED = b"^{}"  # what a tag is of; not given out by itself
LONGEST = 1 << 20
MOST = 200
LONGEST_NAME = 200  # of an author
_REGULAR = 0o100000
_KIND = 0o170000
_ID, _HEX = 40, set("0123456789abcdef")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Checkout:
    """Files by name, the commit that they are of, its author as it says, and who signed it; empty: nobody asked."""

    commit: str
    files: Mapping[str, bytes]
    signer: str = ""
    author: str = ""


def checkout(
    repository: str, ref: str, folder: str = "", username: str = "", password: str = "", *, signed_by: str = ""
) -> Checkout:
    """Return the regular files that lie in a folder, those of folders below it left out.

    Args:
        repository: https:// address; http:// only without a password, or to this machine.
        ref: A tag, a branch, or a whole commit id.
        folder: Path in the repository; empty for its top.
        username: For HTTP's basic authentication.
        password: Likewise, or a token.
        signed_by: Public keys, as ssh-keygen writes them, of which one must have signed the commit; empty: none.

    Raises:
        ConfigurationError: The address, ref, folder or credentials are wrong, nobody who is named signed the commit,
            or the files are too many or too long.
        RetryableError: The server is away.
    """
    _check_address(repository, password)
    allowed = signers(signed_by)
    repo = MemoryRepo()
    try:
        client, path = get_transport_and_path(repository, username=username or None, password=password or None)
        wanted = _fetch(client, path, repo, ref)
    except HTTPUnauthorized as error:
        raise ConfigurationError(f"{repository} does not accept the user name and password (or wants them)") from error
    except NotGitRepository as error:
        raise ConfigurationError(f"{repository} is no Git repository, or not for this user") from error
    except HTTPError as error:
        raise RetryableError(f"{repository} does not answer: {type(error).__name__}") from error
    except (GitProtocolError, HangupException) as error:
        raise RetryableError(f"{repository} does not answer as a Git server: {error}") from error
    _, commit = peel_sha(repo.object_store, wanted)
    if not isinstance(commit, Commit):
        raise ConfigurationError(f"{ref!r} of {repository} is no commit")
    signer = signer_of(commit, allowed) if allowed else ""
    author = commit.author.decode("utf-8", "replace")[:LONGEST_NAME]
    return Checkout(commit.id.decode(), _files(repo, commit, folder), signer, author)


def _check_address(repository: str, password: str) -> None:
    address = urlsplit(repository)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ConfigurationError(f"{repository!r} must begin with https://")
    if address.username or address.password:
        raise ConfigurationError("the repository's address holds credentials: give them as FAIRWATCH_GIT_PASSWORD_FILE")
    if address.scheme == "http" and password and address.hostname not in _LOOPBACK:
        raise ConfigurationError(f"{repository!r}: a password would be readable on the way; use https://")


def _fetch(client: GitClient, path: str, repo: MemoryRepo, ref: str) -> ObjectID:
    """Fetch what a ref names, no deeper than its tree where that can be, and return its id.

    Servers give out what a tag or branch names, but no commit that merely comes before it: for that, all is fetched.
    A whole commit id is that commit, also where somebody made a tag or a branch of that name for another one.
    """
    given = client.get_refs(path.encode()).refs
    known = {name: found for name, found in given.items() if found and not name.endswith(PEELED)}
    is_id = len(ref) == _ID and set(ref) <= _HEX
    names = () if is_id else (Ref(f"refs/{kind}/{ref}".encode()) for kind in ("tags", "heads"))
    wanted = next((known[name] for name in names if name in known), ObjectID(ref.encode()))
    if wanted not in known.values() and not is_id:
        raise ConfigurationError(f"{ref!r} is no tag, branch or whole commit id of the repository")
    single = wanted in known.values()
    ids = [wanted] if single else list(set(known.values()))
    client.fetch(path, repo, determine_wants=lambda *_, **__: ids, depth=1 if single else None)
    if wanted not in repo.object_store:
        raise ConfigurationError(f"{ref!r} is no commit that the repository gives out")
    return wanted


def _files(repo: MemoryRepo, commit: Commit, folder: str) -> dict[str, bytes]:
    store = repo.object_store
    tree = commit.tree
    path = folder.strip("/").encode()
    try:
        if path:
            _, tree = tree_lookup_path(store.__getitem__, tree, path)
        if not isinstance(store[tree], Tree):
            raise NotADirectoryError  # noqa: TRY301  # told with the others
        entries = list(iter_tree_contents(store, tree))
    except (KeyError, NotADirectoryError, NotTreeError) as error:
        raise ConfigurationError(f"there is no folder {folder!r} at that commit") from error
    files: dict[str, bytes] = {}
    for entry in entries:
        blob = store[entry.sha] if entry.mode & _KIND == _REGULAR and b"/" not in entry.path else None
        if isinstance(blob, Blob):
            name = entry.path.decode("utf-8", "replace")
            if blob.raw_length() > LONGEST or len(files) >= MOST:
                raise ConfigurationError(f"{name}: over {LONGEST} bytes, or one of over {MOST} files")
            files[name] = blob.data
    return files
