"""What is nobody's data reaches the model as it was written, and what is somebody's does not: under the policy that holds by default."""

import pytest

from governance.privacy.policy.detection import looked_through
from governance.privacy.policy.presets import OBSERVE
from governance.privacy.policy.privacy import InForce, combined
from governance.privacy.policy.ruleset import RuleSet

RULES = RuleSet(combined((InForce("Organisation", 1, OBSERVE.document),)))

NOBODYS = [
    # dates
    "He was born on 14 March 1879.", "Valid from 3 June 2026 until 8 August 2027.", "Am 14. März 1879 wurde er geboren.", "Er kam am 3 März 2021 an.", "Le 14 mars 1879, à Ulm.",
    "Né le 4 mars 1979 à Paris.", "El 5 de mayo de 2020 y el 12 octubre 1999.", "Il 12 ottobre 2019 era sabato.", "Op 3 maart 2020 en 7 mei 2021.", "Em 25 de abril de 1974.",
    "Dne 17 listopadu 1989.", "Od 5 maja 2019 do 7 czerwca 2020.", "14 марта 1879 года.", "Den 6 juni 1944.", "7 marts 2020", "23 Nisan 1920", "On 17 March St Patrick's Day was loud.",
    "On 4 June Dr Smith wrote 12 pages.", "From 24 Dec to 6 Jan", "Mon, 24 Jun 2025 18:19:02 GMT", "2024-02-13 10:46:22 AM", "2024-02-13T10:46:22.123456Z", "Im Februar 2011 beispielsweise.",
    "Im Jahr 2002 kam er.", "en 1969 rue n'est pas.", "(1909 - 1994)", "1646–1716", "from 1998 to 2004", "between 1914-1918 and 1939-1945", "In 2003 Supreme Court rulings", "2022/2023 Season",
    "The release of 2023.8.23 (2023.7.14) fixed it.", "zum 31 Dezember 2024 gekündigt", "im englischen Hatfield hergestellt und 1949", "a 25 December 2020 Sunday Mass", "1 mai 2024, Place publique",
    "5 November 2024 Election Day", "22 AM\n\nReturn", "Friday (8 AM PT) to 10 PM",
    # sentences
    "There are 15 trees in the grove. Grove workers plant more.", "I am unaware of information beyond 2022.", "We saw 3 cars. Drive carefully.", "It takes 20 minutes. Place it on the row.",
    "She has 2 cats. Court is in session.", "Add 12 eggs. Close the lid.", "He scored 30. Way to go!", "take place between August 21 and August 28", "via Windows 10 and via Route 66",
    "Via Flight 12", "3 Way Street sign", "the 9 Supreme Court justices", "2 Google Drive accounts and 3 Hard Drive slots", "Top 10 Best Place to eat", "the 5 Star Drive", "Chapter 12 The Long Way",
    "Step1: install. Step 2: run Suite 5 of the tests", "Windows 11 on 64 Bit Drive", "Er wurde 3. auf Platz 5.", "Arbeitsplatz 12 und Spielplatz 3", "Tabellenplatz 4", "Bundesstraße 216",
    "Kapitel 5 Absatz 2", "Der Umweg 3 km", "Brigade 5 und Dekade 2", "Käufer 3", "Die Anrufer 12 und 13", "2 cours de Python", "2 place du Billboard 200", "Das sind 2000 Essen und 1500 Tours.",
    "1990 Berlin war geteilt", "in 1990 Basel was", "5000 Euro, 1200 Mitarbeiter, 2000 Meter", "apartado 2 del artículo 5", "the 7 Habits of Highly Effective People 30",
    "Mix 2 cups of flour and 1 teaspoon of salt.", "Top 40 Billboard Hot 100", "5 до 15 метров", "每 2 年可生产 3 胎", "4 6\n100 4 100 100\n1 1 100 100 100 100", "1 Introduction 5\n2 Methods 9\n3 Results 14",
    "Table 3 Results 12", "Unit 5 Lesson 7", "the 3rd Street Band played in 1999", "located in Building 7", "the memory address 16 Bytes", "he lives in District 9", "BP 120 over 80",
    # numbers
    "The largest value is 2147483647.", "4294967295 or 9223372036854775807", "1700000000", "ts=1699999999123", "3.14159265358979 2.718281828459", "0.9999937", "4.5 3.2 1.1 0.7 8.9 10.2 5.5",
    "12 345 678 people", "1 000 000 000", "1.234.567,89", "1,234,567.89", "612 345 678", "100 200 300 4000", "01 02 03 04 05 06 07", "1 2 3 4 5 10", "1928-29-30-31-32", "71-76-70-75=292",
    "187.435 (301.647)", "(68008/68008), done", "10 (69-69-68-71=278)", "24.76 (76.57)", "v1.2.3.4", "version 10.0.19041.1234", "Chrome/120.0.6099.109", "pip install foo==1.2.3.4", "section 1.2.3.4",
    "1.3.6.1.4.1.57264.1.1", "127.0.0.1:8080 and 0.0.0.0 and 255.255.255.0", "::1", "std::vector", "15:a8:be:3c:32:9a:93:5c:40:d4:72:ea:d2:6b:11:22", "fa26-4e3c-9650-ed1a629a79f3",
    "a408c583-fa26-4e3c-9650-ed1a629a79f3", "d41d8cd98f00b204e9800998ecf8427e", "commit 94b683de1f", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "ISBN 978-3-16-148410-0",
    "978-0-306-40615-7", "ISSN 2049-3630", "EAN 4006381333931", "order 302-1234567-7654321", "Bestellung 4711-0815-2024", "order number 1234567890", "Rechnung 2024-000123", "invoice 20240001234",
    "ticket 1234567", "tracking 1Z999AA10123456784", "40.7128, -74.0060", "(52.5200, 13.4050)", "Motor Driver Controller Board\nModule(705252405800 upc)", "0x7fff5fbff8ac", "#12345678", "$1234567.00",
    "1e10 and 6.02214076e23", "+100 000 000", "x = +2147483647", "call 1000000 times", "the call returned 1700000000", "GET /api/v1/items/12345678", "user_id=12345678", "population 8336817", "12:30:45",
    "255 255 255", "rgb(255, 255, 255)", "00110010 01100001", "7-3-2", "scores 21-15, 19-21, 21-18", "2019-2020", "item 4155552671", "1010101010", "part 555-1234567-8", "chapter 3 of 345", "5 km, 10 km",
    "sk-1 and key_2", "Phone model 3310", "iPhone 15 Pro", "the contact form has 12 fields", "Account 2 of 5", "page 100200300 of the log", "license: MIT 2024", "the Driver 12.3 license",
    "passport control took 45 minutes", "tax of 2500 euros", "my id is short",
]  # fmt: skip
SOMEBODYS = [
    "She lives at [221 Baker Street], London.", "Call me at [+1 415 555 0134].", "[12 Elm Street], Springfield", "ship to [12 Elm Street, Apt 4B]", "[1600 Pennsylvania Avenue NW]", "[200 W 34th St]",
    "[Bahnhofstrasse 5], [9490 Vaduz]", "Wohnhaft [Hauptstraße 12a], [10115 Berlin]", "[Karl-Marx-Straße 12]", "[Berliner Allee 3]", "[Unter-den-Linden-Str. 7]", "[12 rue de la Paix], [75002 Paris]", "[45, avenue Foch]",
    "abito in [via Roma 12]", "[Via Giuseppe Verdi 12], [20121 Milano]", "[Calle Mayor 5], [28013 Madrid]", "[Calle de Alcalá, 42]", "[Rua Augusta 1500]", "[Keizersgracht 123], [1015 CJ Amsterdam]", "[Kalverstraat 92]",
    "[ul. Miła 53]", "[P.O. Box 123]", "[Postfach 12 34]", "[Apartado de correos 123]", "i live at [12 main street]", "my address is [5 Foo Bar], thanks", "Adresse: [Musterweg 5]", "[D-10115 Berlin]", "[CH-8001 Zürich]",
    "[1012 AB Amsterdam]", "[1250-096 Lisboa]", "tel [030 901820]", "Handy: [0171 1234567]", "[0171 1234567]", "[06 12 34 56 78]", "[020 7946 0958]", "[(415) 555-2671]", "[415-555-2671]", "[415.555.2671]", "[+49 30 901820]",
    "[+41 44 668 18 00]", "[0041 44 668 18 00]", "(030) 901820 is [030 9018200]", "reach me at [4155552671]", "ring [020 7946 0958]", "mobile: [98765 43210]", "teléfono [612 345 678]", "appelez-moi au [06.12.34.56.78]", "[(11) 91234-5678]",
    "WhatsApp [4155552671]", "phone=[4155552671]", "my number is [415 555 0134]", "Rufen Sie mich an unter [089 1234567]", "SSN [123-45-6789]", "[123-45-6789]", "[078-05-1120]", "[536-22-1234]",
    "social security number 536221234 is [536221234]", "my licence is [Q411-2280]", "account no [LB-07-331]", "passport [912803456]", "passport no. [X1234567]", "Reisepass [C01X00T47]", "aadhaar [2345 6789 0123]", "PAN [ABCPE1234F]",
    "Steuernummer [12/345/67890]", "patient number [88-1234-K]", "IBAN [DE89 3704 0044 0532 0130 01]", "IBAN: [CH9300762011623852957]", "[DE89370400440532013000]", "Konto-Nr. [1234567890]", "driver's license number is [2270-66-1551]",
    "[192.168.17.4]", "from [10.0.35.11]", "server [1.2.3.4]", "[00:1A:2B:3C:4D:5E]", "[4111 1111 1111 1111]",
]  # fmt: skip


def hidden(text):
    return [text[hit.start : hit.end] for hit in looked_through(text, RULES).to_model]


@pytest.mark.parametrize("text", NOBODYS)
def test_what_is_nobody_s_stays_as_written(text):
    assert hidden(text) == []


@pytest.mark.parametrize("text", SOMEBODYS)
def test_what_is_somebody_s_is_hidden(text):
    parts = text.replace("]", "[").split("[")
    plain = "".join(parts)
    left = list(plain)
    for hit in looked_through(plain, RULES).to_model:
        left[hit.start : hit.end] = "\0" * (hit.end - hit.start)
    position = 0
    for place, part in enumerate(parts):
        if place % 2:
            assert not any(letter.isalnum() for letter in left[position : position + len(part)]), (
                part,
                hidden(plain),
            )
        position += len(part)
