"""The house keeps its shape: arrows between parts, module length, pure rules, and every sentence in both languages."""

from tools import architecture, translations


def test_imports_point_one_way_and_modules_stay_short() -> None:
    assert list(architecture.breaches()) == []


def test_every_sentence_is_there_in_english_and_french_and_used() -> None:
    assert list(translations.faults()) == []
