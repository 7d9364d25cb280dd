"""Money as a deal holds it: an amount in one currency. Amounts of different currencies are never added.

Source   ISO 4217: the codes in use, and how many digits their smaller unit has
Units    Decimal in whole units of the currency
Clock    none; this module reads neither the time nor the database
Errors   none: a code nobody knows is simply not in CODES
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from accounts.words import grouped

USUAL = "EUR"
IN_USE = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP CNY
COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS
INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR
SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST
XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
NO_SMALLER_UNIT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
OF_A_THOUSAND = "BHD IQD JOD KWD LYD OMR TND"
CODES = tuple(IN_USE.split())
WITHOUT_CENTS = frozenset(NO_SMALLER_UNIT.split())
THOUSANDTHS = frozenset(OF_A_THOUSAND.split())

Sums = Iterable[tuple[str, Decimal]]


def digits(currency: str) -> int:
    """How many decimals an amount in this currency may have."""
    return 0 if currency in WITHOUT_CENTS else 3 if currency in THOUSANDTHS else 2


def fits(amount: Decimal, currency: str) -> bool:
    """1200.5 is a sum of euros, and none of yen."""
    return amount == amount.quantize(Decimal(1).scaleb(-digits(currency)))


def money_words(amount: Decimal | None, currency: str) -> str:
    """ "EUR 12,400", "EUR 12,400.50", "JPY 900,000"; nothing for an amount that is not known."""
    if amount is None:
        return ""
    whole = amount == amount.to_integral_value()
    return f"{currency}\u00a0{grouped(amount, 0 if whole else digits(currency))}"


def sums_words(sums: Sums) -> list[str]:
    """One sum a currency, the largest first; never one sum of several."""
    found = sorted(sums, key=lambda each: (-each[1], each[0]))
    return [money_words(amount, currency) for currency, amount in found if amount]
