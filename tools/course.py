"""The parts of the course: a notebook's first digit is its part, so `33_sampling` stands in part 3."""
# in reading order
PARTS = {1: 'Use it', 2: 'The idea', 3: 'Taken apart', 4: 'Teach it', 5: 'Faster and further', 6: 'Foundations',
         7: 'The making of the model', 8: 'Look up', 0: 'The workshop'}   # nobody has to read part 0 first

def part(
    stem, # A notebook's name, such as '33_sampling'
):
    "The title of the part that a notebook belongs to"
    return PARTS[int(stem[0])]

def in_order(
    stems, # Names of notebooks
):
    "Names of notebooks in reading order: part by part, the workshop last"
    parts = list(PARTS)
    return sorted((s for s in stems if s[:2].isdigit()), key=lambda s: (parts.index(int(s[0])), s))
