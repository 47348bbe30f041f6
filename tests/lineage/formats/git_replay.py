"""Git repositories for tests, written with dulwich from files; the git program is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dulwich.index import commit_tree
from dulwich.objects import Blob, Commit, Tag
from dulwich.repo import Repo

FIRST_TIME = 1_700_000_000
RECORDED = Path(__file__).parent / "data" / "dvc"


class Repository:
    """A repository in `folder`; every commit sets or, with ``None``, removes files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.repo = Repo.init(str(folder))
        self.held: dict[str, dict[str, bytes]] = {}
        self.number = 0

    def commit(
        self,
        files: Mapping[str, bytes | str | None],
        *parents: str,
        message: str = "",
        time: int | None = None,
    ) -> str:
        """Commit on top of `parents`, or of the last commit; the work tree gets the files too."""
        parents = parents or ((self.last,) if self.held else ())
        held = dict(self.held[parents[0]]) if parents else {}
        for path, content in files.items():
            held.pop(path, None)
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).unlink(missing_ok=True)
            if content is not None:
                held[path] = content.encode() if isinstance(content, str) else content
                (self.folder / path).write_bytes(held[path])
        entries = []
        for path, data in held.items():
            blob = Blob.from_string(data)
            self.repo.object_store.add_object(blob)
            entries.append((path.encode(), blob.id, 0o100644))
        made = Commit()
        made.tree = commit_tree(self.repo.object_store, entries)
        made.parents = [parent.encode() for parent in parents]
        made.author = made.committer = b"A <a@b.c>"
        made.commit_time = made.author_time = FIRST_TIME + 60 * self.number if time is None else time
        made.commit_timezone = made.author_timezone = 3600
        made.message = (message or f"round {self.number + 1}").encode()
        self.repo.object_store.add_object(made)
        self.repo.refs[b"refs/heads/main"] = made.id
        self.repo.refs.set_symbolic_ref(b"HEAD", b"refs/heads/main")
        self.last = made.id.decode()
        self.held[self.last] = held
        self.number += 1
        return self.last

    def tag(self, name: str, commit: str) -> None:
        """An annotated tag."""
        tag = Tag()
        tag.name, tag.message, tag.tagger = name.encode(), b"", b"A <a@b.c>"
        tag.object = (Commit, commit.encode())
        tag.tag_time, tag.tag_timezone = FIRST_TIME, 0
        self.repo.object_store.add_object(tag)
        self.repo.refs[f"refs/tags/{name}".encode()] = tag.id

    def close(self) -> None:
        self.repo.close()


def replayed(loop: str, folder: Path) -> list[str]:
    """A recorded loop as a repository; the names of its commits."""
    repository = Repository(folder)
    commits = []
    for round_ in sorted((RECORDED / loop).iterdir(), key=lambda each: int(each.name)):
        files = {
            file.relative_to(round_).as_posix(): file.read_bytes()
            for file in round_.rglob("*")
            if file.is_file()
        }
        commits.append(repository.commit(files))
    repository.close()
    return commits
