"""Invented names and pages for the demo company Quillstone, which sells shift planning."""

FIRST = (
    "Ingrid Marcus Priya Amara Tomás Jun Elena Noah Fatima Oliver Chloé Samuel Wei Rafael Hanna Pieter Aisha Lucas"
    " Soo-jin Greta David Nadia Jakob Leila Mateo Sofia Emil Yara Anders Beatriz Kenji Zofia Ravi Clara Ibrahim Maeve"
    " Viktor Paloma Henrik Adaeze Luca Mina Oskar Farah Theo Ananya Jonas Camila Arvid Simone"
).split()
LAST = (
    "Solheim Feld Raman Okafor Herrera Watanabe Petrova Lindqvist Zahrani Brandt Marchand Osei Tan Nunes Virtanen"
    " Wit Rahman Moreau Han Lindholm Achterberg Haddad Novak Kaya Ferrari Dahl Castillo Mori Kowalska Iyer Weber"
    " Diallo Byrne Sorokin Vega Nilsen Eze Ricci Park Holm Nasser Blanc Rao Berger Rojas Ekström Lambert Moen"
).split()
COMPANY_A = (
    "Norrholm Fjellheim Oduya Cobalto Kitano Sable Tern Atlas Hafenrück Verrière Volta Merlion Aldeia Brackenfield"
    " Saimaa Polderstaal Meridian Ravel Hanbit Nordanvind Veluwe Castellan Brightwater Solvang Kestrel Aurelia Tamar"
    " Ostrava Lindenau Mirador Halcyon Silverfjord Baobab Kumo Petrel Granit Orchard Lumen Falkor Isar"
).split()
COMPANY_B = {
    "logistics": ("Logistics", "Freight Partners", "Cold Store", "Transport"),
    "healthcare": ("Clinics", "Care Group", "Ambulance Trust", "Hospitals"),
    "manufacturing": ("Envases", "Keramik", "Steel", "Tools"),
    "energy": ("Energi", "Power", "Grid", "Renewables"),
    "retail": ("Foods", "Stores", "Markets", "Outfitters"),
    "software": ("Systems", "Software", "Cloud", "Labs"),
    "finance": ("Insurance", "Bank", "Payments", "Capital"),
    "hospitality": ("Hotels", "Resorts", "Catering", "Events"),
}
PLACES = (
    ("Norway", "Bergen", "Europe/Oslo"),
    ("Norway", "Oslo", "Europe/Oslo"),
    ("Germany", "Berlin", "Europe/Berlin"),
    ("Germany", "Hamburg", "Europe/Berlin"),
    ("Netherlands", "Utrecht", "Europe/Amsterdam"),
    ("Sweden", "Malmö", "Europe/Stockholm"),
    ("Denmark", "Aarhus", "Europe/Copenhagen"),
    ("United Kingdom", "Leeds", "Europe/London"),
    ("United States", "Boston", "America/New_York"),
    ("Spain", "Sevilla", "Europe/Madrid"),
    ("Japan", "Osaka", "Asia/Tokyo"),
    ("Brazil", "Recife", "America/Recife"),
    ("India", "Pune", "Asia/Kolkata"),
)
TITLES = (
    ("Operations Director", 9),
    ("Head of Workforce Planning", 6),
    ("VP Operations", 5),
    ("Chief Operating Officer", 4),
    ("Founder", 3),
    ("Regional Manager", 9),
    ("Shift Manager", 10),
    ("HR Operations Lead", 7),
    ("Marketing Manager", 5),
    ("IT Manager", 6),
    ("Finance Manager", 5),
    ("Planner", 8),
    ("Sales Analyst", 4),
    ("Nurse Coordinator", 4),
    ("Student", 2),
    ("", 13),
)
SOURCES = (
    ("Organic search", 26),
    ("Paid search", 18),
    ("Webinar", 12),
    ("Partner referral", 8),
    ("Event", 9),
    ("Newsletter", 9),
    ("Social", 8),
    ("Product trial", 4),
    ("Direct", 6),
)
ASSETS = ("shift-cost-guide", "overtime-report", "roi-calculator", "security-paper", "buyers-checklist", "care-rota-templates")
WEBINARS = ("planning-without-spreadsheets", "fair-rotas", "peak-season")
SOLUTIONS = ("/solutions/healthcare", "/solutions/logistics", "/solutions/retail", "/product/scheduling")
BLOG = ("/blog/overtime", "/blog/fair-shifts", "/blog/absence", "/blog/peak-season", "/about", "/customers")
FREE_MAIL = ("gmail.com", "outlook.com", "yahoo.com")
