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

NOBODYS += [
    "The Battle of Hastings took place on 14 October 1066.", "Am 9. November 1989 fiel die Mauer, und 3 Jahre später kam er nach Hamburg.", "Le 11 novembre 1918, l'armistice fut signé.",
    "La Révolution de 1789 et la rue en 1968.", "El 12 de octubre de 1492 llegó Colón.", "O 25 de Abril de 1974 mudou Portugal.", "Op 5 mei 1945 werd Nederland bevrijd.",
    "4 lipca 1776, 11 listopada 1918", "Den 17 mai 1814 på Eidsvoll", "2024年3月14日に生まれました", "14.03.1879 - 18.04.1955", "Q3 2024 results: 1,234 units, up 12.5% from 1,098",
    "We have 24 Hour Fitness and 7 Eleven on 5 Main campuses", "I read 1984 by George Orwell and Catch 22", "He ran 100 metres in 9.58 seconds in Berlin 2009",
    "The 2012 Summer Olympics Park Lane events", "Add 2 cups sugar, 1 tsp salt; bake at 180 degrees for 35 min", "RFC 2616 section 14.9.1 and RFC 9110",
    "Python 3.12.1, Node 20.11.0, Django 5.0.2, numpy==1.26.4", "kubectl get pods -n kube-system --port=8080:80", "Error code 0x80070005 at line 1234567", "Build 22621.3007, KB5034123",
    "UUID 550e8400-e29b-41d4-a716-446655440000", "md5 5d41402abc4b2a76b9719d911017c592", "1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610", "[0.1, 0.22, 0.333, 0.4444, 0.55555]",
    "x = 3.14159; y = 2.71828; z = 1.41421356237", "1234567 + 7654321 = 8888888", "12345678 - 23456789", "The population is 83,294,633 as of 2023.", "1 200 000 habitants en 2021",
    "1.200.000 Einwohner", "CHF 12'345.67", "R$ 1.234.567,89", "SKU 12345-67890, part no. 555-0199-22", "DOI 10.1000/182 and arXiv:2103.00020", "PMID 12345678",
    "Flight LH 2034 departs 10:45 from gate B12", "Train ICE 598, Wagen 7, Platz 45", "Chapter 4, verse 12", "Psalm 119:105", "Zimmer 12, Stock 3", "Seite 45 von 120",
    "Artikel 5 Absatz 1 Satz 2 GG", "§ 242 BGB, § 12 Abs. 3 Nr. 4", "art. 1382 du Code civil, alinéa 2", "artículo 14 de la Constitución", "legge 12 dicembre 1990, n. 365",
    "ISO 9001:2015 and EN 50128", "192.168.0.0/16 has 65536 addresses", "sequence 100-200-300-400", "12-34-56 is not a phone", "Ratio 16:9, 1920x1080", "MAC layer and IP layer",
    "2.4 GHz 802.11ac", "The score was 103-98 at half time", "Room 101, Building 5, Floor 3", "Windows 95, Windows 98 and Windows 2000", "5 Way Split Valve", "Take Exit 12 Drive slowly",
    "3 Blind Mice, 7 Dwarfs, 12 Monkeys", "In 1776 Congress met. Court sessions followed.", "On 1 May Way of the Warrior aired", "10 Downing is not complete",
    "Invoice 2024-0815 of 12 March 2024 for 1,250.00 EUR", "order no. 20240315-0042", "Ticket #48291034 was closed", "Kundennummer 123456", "customer 4471 bought 3 items",
    "timestamp 1710412800, 1710412800000", "2024-03-14T15:09:26.535Z", "20240314150926", "epoch: 1710412800", "0800-1200 hours", "9-5 job, 24/7", "1e-10 < 2.5E+10",
    "$1,000,000.00 – $2,500,000.00", "50 000 km", "lat 48.8566 lon 2.3522", "48.8566,2.3522", "48°51'24\"N 2°21'08\"E", "#ff00aa rgb(12, 34, 56)", "1-1-1 and 2-2-2", "A4 210 x 297 mm",
    "H2O, CO2, C6H12O6", "ABC-1234 and XY 99", "my account has 12 followers", "the passport office opens at 9", "social security reform of 1983", "tax year 2023/24 was 12570",
    "license GPL-3.0-only", "the password length is 12 or 16", "password rules: min 8 chars, 1 digit", "Use login v2 and OAuth 2.0", "Mein Konto wurde 2019 eröffnet", "Version 4.11.2024",
    "Telefon 5G und 4G", "phone 12 Pro Max 256 GB", "call function foo(1234567, 7654321)", "contact us within 30 days", "reach 1000000 users by 2025", "text 12 px, 14 px",
    "number 42 and number 1729", "fax machines sold: 1200000 in 1997", "address 0x7ffe12345678", "the address bar shows 404", "He lives in 3 worlds", "living 12 Years a Slave",
    "based at 3 Sites", "We moved to 5 Languages.", "office is at 30 Percent capacity", "Deliver to 25 Countries, please", "meet at 10 Oclock", "send to 500 Customers",
    "see figure at 12 Volts",
]  # fmt: skip
SOMEBODYS += [
    "[10 Downing Street], London SW1A 2AA", "[742 Evergreen Terrace], Springfield", "[350 Fifth Avenue, Suite 7710], New York, NY 10118", "[1 Infinite Loop], Cupertino, CA 95014",
    "[221B Baker Street]", "[4059 Mt Lee Drive]", "[Friedrichstraße 123], [10117 Berlin]", "[Maximilianstr. 5], [80539 München]", "[Am Markt 5, 9490 Vaduz]",
    "[Stephansplatz 3], [1010 Wien]", "[Bahnhofstr. 12], [8001 Zürich]", "[5, rue du Faubourg Saint-Honoré], [75008 Paris]", "[12 bis avenue Montaigne]",
    "[Place de la République 4, 1000 Bruxelles]", "[Calle Gran Vía 28], [28013 Madrid]", "[Avenida Diagonal, 123]", "[C/ Serrano 45]", "[Via Monte Napoleone 8]", "[Piazza del Duomo 1]",
    "[Corso Vittorio Emanuele II 22]", "[Damrak 1], [1012 LG Amsterdam]", "[Rua das Flores, 12]", "[Avenida Paulista, 1578]", "[ul. Marszałkowska 10]", "[Karl Johans gate 22]",
    "[Storgatan 5]", "[Vesterbrogade 3]", "[P.O. Box 1234]", "[PO Box 99]", "[Postfach 1234]", "[Casella postale 123]", "phone [+44 20 7946 0958]", "[+33 6 12 34 56 78]",
    "[+49 (0)30 901820]", "[+49-171-1234567]", "[(212) 555-0198]", "[212-555-0198]", "[1-800-555-0199]", "[0171/1234567]", "[089 / 123 45 67]", "[01 42 68 53 00]", "[07911 123456]",
    "Tel.: [044 668 18 00]", "Tel [91 123 45 67]", "Mobil: [0664 1234567]", "cell [5551234567]", "Téléphone : [0612345678]", "mi número es [612 345 678]", "il mio numero è [347 1234567]",
    "bel me op [06-12345678]", "Ruf mich an: [0151 23456789]", "you can reach me on [07911123456]", "SMS to [98765 43210]",
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
