# ruff: noqa: SIM905 - word lists read better as text
"""Writes `services/fairwatch/policy/terms.txt`: what peoples, faiths and their languages are called, from CLDR.

Run by hand when CLDR changes, with `babel` at hand (`pip install babel`); the program itself does not need it. CLDR has
no list of peoples, but names their languages and scripts in every locale: there the words are.
"""

from pathlib import Path

from babel import Locale

from fairwatch.policy.second_line import folded

FOLDER = Path(__file__).resolve().parents[2] / "services/fairwatch/policy"
OWN = Path(__file__).with_name("own_terms.txt")  # what else is said of people, in the house's own words
LOCALES = """
ar az be bg bn bs cs da de el en es et fa fi fr he hi hr hu hy id it ja ka kk ko ky lt lv mk ml mn ms my nb nl pa pl
ps pt ro ru sk sl sq sr sv sw ta te th tr ug uk ur uz vi yue zh zh_Hant
""".split()
# Languages whose name is a people's that is a minority somewhere, or a faith's.
LANGUAGES = """
ug bo ku ckb kmr ro_MD rom yi he ii za kk ky mn uz tg tk ps fa ar am ti so ha yo ig zu xh wo ber zgh kab mi haw ain
rif shi syr arc cop sa pa sd ks my shn kac mnw hmn tl ceb eu br cy gd ga sah tt ba cv ce os ab av kbd lez inh ady
krc myv mdf udm
""".split()
SCRIPTS = "Hebr Arab Tibt Mong Copt Syrc Ethi Guru".split()
SHORTEST = 4  # letters of an alphabet: shorter words hide in innocent ones


def main() -> None:
    """Write the file: one folded term a line."""
    found = {folded(word) for word in OWN.read_text(encoding="utf-8").split()}
    for name in LOCALES:
        locale = Locale.parse(name)
        found |= {folded(locale.languages.get(code, "")) for code in LANGUAGES}
        found |= {folded(locale.scripts.get(code, "")) for code in SCRIPTS}
    kept = sorted(one for one in found if len(one) >= SHORTEST or (len(one) > 1 and not one.isascii()))
    (FOLDER / "terms.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
    print(f"{len(kept)} terms of {len(LOCALES)} locales")


if __name__ == "__main__":
    main()
