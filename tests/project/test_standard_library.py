import platform
import sysconfig
from pathlib import Path


def test_the_name_platform_stays_the_standard_librarys():
    assert Path(platform.__file__).parent == Path(sysconfig.get_path("stdlib"))
    assert not (Path(__file__).parent.parent.parent / "platform" / "__init__.py").exists()
