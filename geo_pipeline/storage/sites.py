"""Sites: the file of this machine in which a publication is built, and the object it becomes.

On a disk both are the same file. In a store the present publication and the one before are fetched,
the new one is built beside them as on a disk, and put on condition that nobody else has published
meanwhile: otherwise it is made again from the lake as it then is. The last publication so has all
that was written before any publication began.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from geo_pipeline.objects import ObjectPath, Place, bring, e_tag
from geo_pipeline.storage.warehouse import previous
from geo_pipeline.stores import ChangedError


@dataclass
class Site:
    """Where the publication `target` is built: `path`."""

    target: Place
    path: Path
    _over: str | None = None

    @classmethod
    def of(cls, target: Place) -> "Site":
        """Return the site of a publication."""
        if isinstance(target, Path):
            return cls(target, target)
        access = target.access
        folder = access.kept_in / ".published" / access.bucket / access.prefix
        return cls(target, folder / target.name)

    def fetch(self) -> None:
        """Bring what is published now to `path`, and the one before beside it."""
        if isinstance(self.target, ObjectPath):
            self._over = e_tag(self.target)
            for each, path in (
                (self.target, self.path),
                (previous(self.target), previous(self.path)),
            ):
                try:
                    bring(each, path)
                except FileNotFoundError:
                    path.unlink(missing_ok=True)

    def sent(self, *, keep: bool) -> bool:
        """Publish what is at `path`; return whether nobody else has published meanwhile.

        With `keep` what was published until now becomes the one before.
        """
        if isinstance(self.target, ObjectPath):
            try:
                if keep:
                    self.target.copy_to(previous(self.target))
                with self.target.replacing(self._over) as temporary:
                    shutil.copyfile(self.path, temporary)
            except ChangedError:
                return False
        return True
