"""Invented names. Given and family names are combined at random; no real person is meant."""

from __future__ import annotations

from typing import NamedTuple

from sickbay.population.codings import Coding

_RACE = "urn:oid:2.16.840.1.113883.6.238"
WHITE = Coding(_RACE, "2106-3", "White")
BLACK = Coding(_RACE, "2054-5", "Black or African American")
ASIAN = Coding(_RACE, "2028-9", "Asian")
NATIVE = Coding(_RACE, "1002-5", "American Indian or Alaska Native")
HISPANIC = Coding(_RACE, "2135-2", "Hispanic or Latino")
NOT_HISPANIC = Coding(_RACE, "2186-5", "Not Hispanic or Latino")


class Kin(NamedTuple):
    """A group of people: race, ethnicity and the names that fit together."""

    race: Coding
    ethnicity: Coding
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]


def _make_kin(race: Coding, ethnicity: Coding, women: str, men: str, families: str) -> Kin:
    return Kin(race, ethnicity, tuple(women.split()), tuple(men.split()), tuple(families.split()))


KINS = (
    _make_kin(
        WHITE,
        NOT_HISPANIC,
        "Alice Bridget Clara Dorothea Edith Fiona Greta Hanna Imogen Johanna Katrin Linnea Margit Nora Ottilie Rowena",
        "Anders Bernard Conrad Dougal Emmet Frederik Gareth Henrik Ivor Jonas Kasper Lennart Magnus Niels Oskar Rufus",
        "Achterberg Bramwell Carrick Dahlgren Ekholm Fairweather Gilchrist Halvorsen Iversen Jessop Kettering Lindqvist"
        " Mortensen Nyberg Osterhaus Peters Petersen Peterson Quist Ravensworth Soderling Thackeray Underhill Vandermeer",
    ),
    _make_kin(
        WHITE,
        NOT_HISPANIC,
        "Agnieszka Bianca Carmela Danuta Elena Francesca Ginevra Halina Ioana Jelena Katarzyna Ludmila Mirela Oksana",
        "Adrian Bogdan Cesare Dimitar Emil Fabrizio Goran Horia Ivan Janusz Kiril Lorenzo Marek Nikola Ottavio Pavel",
        "Andreescu Bielski Castellano Dragomir Esposito Ferrante Grabowski Horvat Ionescu Jankowski Kowalik Lazarov"
        " Moretti Nowicki Olszewski Petrov Radu Stankovic Tomasz Vasilev Wojcik Zielinski",
    ),
    _make_kin(
        BLACK,
        NOT_HISPANIC,
        "Abena Bisi Chidinma Dede Efua Folake Grace Halima Ifeoma Josephine Kehinde Lerato Makena Naledi Odette Thandi",
        "Ade Babatunde Chike Desmond Ekow Femi Gideon Hakeem Ikenna Jabari Kofi Lamine Mandla Nnamdi Olu Peterson",
        "Abara Adeyemi Baptiste Boateng Chukwu Danso Eze Fofana Gyasi Idowu Jalloh Kamara Lawal Mensah Ndiaye Oyelaran"
        " Owusu Peters Quaye Sesay Toure Umeh Wambui Zulu",
    ),
    _make_kin(
        WHITE,
        HISPANIC,
        "Adela Beatriz Catalina Dolores Esperanza Flor Guadalupe Ines Josefina Leticia Marisol Noemi Paloma Rosario",
        "Alonso Benicio Cristobal Diego Ernesto Fidel Gonzalo Hernan Ignacio Joaquin Leandro Mateo Nestor Octavio",
        "Aguirre Barrientos Cabrera Delgado Escobedo Figueroa Galindo Hinojosa Ibarra Jaramillo Luna Montalvo Navarrete"
        " Olivares Pacheco Quintana Robledo Salcedo Trujillo Urrutia Villalobos Zamora",
    ),
    _make_kin(
        ASIAN,
        NOT_HISPANIC,
        "Akari Bao Chun Eun-ji Fumiko Hana Jia Keiko Linh Mei Nari Rin Sakura Thuy Xia Yuki",
        "Akira Binh Cheng Daichi Eiji Feng Haruto Jin Kenji Long Minjun Ryo Seung Takumi Wei Yong",
        "Aoyama Bui Chang Dang Endo Fujita Goto Hoang Ishii Jeong Kwon Liang Matsuda Nguyen Okubo Park Qian Ryu Shimizu"
        " Tanabe Uchida Vo Wakabayashi Xu Yoon Zhao",
    ),
    _make_kin(
        ASIAN,
        NOT_HISPANIC,
        "Aditi Bhavna Chitra Deepa Esha Farida Gauri Harini Indira Jaya Kavita Lata Meera Nandini Padma Rukhsana",
        "Anil Bashir Chandan Dev Eshan Faisal Girish Hari Imran Jatin Kiran Lalit Manoj Naveen Omkar Pranav",
        "Acharya Banerjee Chaudhuri Deshmukh Farooqi Ghosh Hegde Iyer Joshi Kulkarni Lamba Mukherjee Nair Oza Pillai"
        " Qureshi Rao Subramanian Thakur Upadhyay Varma Zaidi",
    ),
    _make_kin(
        WHITE,
        NOT_HISPANIC,
        "Amal Basma Dalia Farah Golnaz Hind Iman Jihan Laleh Maysa Nadia Parisa Rania Samar Yasmin Zeynep",
        "Adel Bahram Cem Dariush Emre Farid Ghassan Hadi Idris Jamal Kamran Levent Majid Nabil Omid Rami",
        "Abbasi Bakri Celik Daher Erdem Farahani Ghanem Haddad Idrissi Jaber Karimi Lahoud Mansour Nazari Ozturk Peters"
        " Qasim Rahimi Saab Tehrani Yilmaz Zand",
    ),
    _make_kin(
        NATIVE,
        NOT_HISPANIC,
        "Charlene Darlene Geraldine Lenora Loretta Nizhoni Rosalie Sharice Shandiin Verna",
        "Alvin Clyde Delbert Elias Leland Marvin Nathaniel Raymond Sherman Wesley",
        "Begay Benally Chee Etsitty Lente Manuelito Nez Pino Tso Yazzie",
    ),
)

WEIGHTS = (0, 0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7)
"""Indexes into KINS; a random pick from these numbers decides how frequent each group is."""

STREETS = ("Alder", "Birch", "Chandler", "Dockside", "Elmwood", "Foundry", "Granary", "Harbour", "Juniper", "Lantern")
CITIES = (("Wexbridge", "01201"), ("Harrow Falls", "01202"), ("Saltmere", "01203"), ("North Alding", "01204"))
