"""The device's `misc`, as a stub: `Power` with fixed answers.

`ADC`, `PWM`, `PowerKey`, `USB` and `USBNET` are hardware: asking for one is an ImportError.
"""

from _ftpy import power as _power
from _ftpy.stub import announce as _announce

__all__ = ["Power"]

_announce(__name__, "Power has fixed answers, and switching off ends the script")
_power.prepare()

_HARDWARE = frozenset({"ADC", "PWM", "PowerKey", "USB", "USBNET", "antennaSecRXOffCtrl"})


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> object:
    if name in _HARDWARE:  # an AttributeError's words would be lost in `from misc import ADC`
        raise ImportError(f"misc.{name} runs only on the device", name=__name__)
    raise AttributeError(f"module 'misc' has no attribute {name!r}")


class Power:
    """The device's power supply."""

    @staticmethod
    def powerOnReason() -> int:
        """1: the power key."""
        return 1

    @staticmethod
    def powerDownReason() -> int:
        """1: switched off in the ordinary way."""
        return 1

    @staticmethod
    def getVbatt() -> int:
        """3800 millivolts."""
        return 3800

    @staticmethod
    def powerDown() -> None:
        """Ends the script with all its threads, not the host: SystemExit in the main thread."""
        _power.switch_off()

    @staticmethod
    def powerRestart() -> None:
        """The same: starting the script again is left to whoever started it."""
        _power.switch_off()
