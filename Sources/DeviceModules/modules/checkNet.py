"""The device's `checkNet`: on this host the network is always ready, and nothing is waited for.

Whether a server can be reached shows when a script connects to it. The banner names this program in
place of the firmware.
"""

from _ftpy.program import version as _version

__all__ = ["CheckNetwork", "waitNetworkReady", "wait_network_connected"]


def __dir__() -> list[str]:
    return __all__


def waitNetworkReady(timeout: int = 60) -> tuple[int, int]:
    """`(3, 1)`, at once: data calls are up. OSError for a timeout outside 1 to 3600 seconds."""
    if not 1 <= timeout <= 3600:
        raise OSError(f"a timeout is from 1 to 3600 s, not {timeout}")
    return 3, 1


def wait_network_connected(timeout_s: int = 60) -> tuple[int, int]:
    """The older name of `waitNetworkReady`."""
    return waitNetworkReady(timeout_s)


class CheckNetwork:
    """A project's name and version, printed when it starts."""

    def __init__(self, project_name: str, project_version: str) -> None:
        self.PROJECT_NAME = project_name
        self.PROJECT_VERSION = project_version
        self.FIRMWARE_VERSION = f"ftpy {_version}"
        self.POWERON_REASON = 1

    def poweron_print_once(self) -> None:
        """Prints five lines between two rules: project, firmware, and a SIM card that is ready."""
        rule = "=" * 50
        print(rule)
        print(f"PROJECT_NAME     : {self.PROJECT_NAME}")
        print(f"PROJECT_VERSION  : {self.PROJECT_VERSION}")
        print(f"FIRMWARE_VERSION : {self.FIRMWARE_VERSION}")
        print(f"POWERON_REASON   : {self.POWERON_REASON}")
        print("SIM_CARD_STATUS  : 1")
        print(rule)

    @staticmethod
    def check_datacall_status() -> int:
        """1: a data call is up."""
        return 1

    def wait_network_connected(self, timeout_s: int = 60) -> tuple[int, int]:
        """`(3, 1)`, as the function of this name."""
        return waitNetworkReady(timeout_s)
