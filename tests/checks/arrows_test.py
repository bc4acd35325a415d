"""arrows_test.py: arrows.py finds what it should."""
import unittest

import arrows

RULES = """
[folders]
base:      # knows nobody
engine: base
app: engine
[engine]
machine
settle seal
journal
"""
SOUND = {
    "base/text": set(),
    "engine/machine": {"engine/settle", "engine/journal", "base/text"},
    "engine/settle": {"engine/journal"},
    "engine/seal": set(),
    "engine/journal": set(),
    "app/edit": {"engine/machine"},
}


class Arrows(unittest.TestCase):
    def found(self, **added):
        """What is found where these nodes know more, or are new: engine_settle={"base/text"}."""
        tree = {node: set(others) for node, others in SOUND.items()}
        for node, others in added.items():
            tree.setdefault(node.replace("_", "/"), set()).update(others)
        return list(arrows.judge(tree, *arrows.read_rules(RULES)))

    def test_a_sound_tree_is_sound(self):
        self.assertEqual(self.found(), [])

    def test_an_arrow_up_between_folders(self):
        self.assertEqual(self.found(base_text={"app/edit"})[0],
                         "base/text knows app/edit: base may not know app")

    def test_an_arrow_that_skips_a_folder(self):
        self.assertEqual(self.found(app_edit={"base/text"}),
                         ["app/edit knows base/text: app may not know base"])

    def test_an_arrow_up_or_sideways_between_files(self):
        self.assertIn("engine/journal knows engine/seal, which does not stand below it",
                      self.found(engine_journal={"engine/seal"}))
        self.assertEqual(self.found(engine_settle={"engine/seal"}),
                         ["engine/settle knows engine/seal, which does not stand below it"])

    def test_a_circle(self):
        self.assertEqual(self.found(app_edit={"app/rm"}, app_rm={"app/list"}, app_list={"app/edit"}),
                         ["a circle: app/edit app/list app/rm"])

    def test_a_circle_that_is_known(self):
        tree = SOUND | {"app/edit": {"engine/machine", "app/rm"}, "app/rm": {"app/edit"}}
        known = arrows.read_rules(RULES + "[circles]\napp/edit app/rm\n")
        self.assertEqual(list(arrows.judge(tree, *known)), [])
        self.assertEqual(list(arrows.judge(SOUND, *known)), ["no circle any more: app/edit app/rm"])

    def test_a_file_without_a_layer_and_a_layer_without_a_file(self):
        self.assertEqual(self.found(engine_new=set()),
                         ["engine/new stands in no layer of [engine] in tests/checks/arrows.txt"])
        tree = {node: others for node, others in SOUND.items() if node != "engine/seal"}
        self.assertEqual(list(arrows.judge(tree, *arrows.read_rules(RULES))),
                         ["engine/seal stands in a layer of [engine], and is not there"])

    def test_a_permission_that_nobody_uses(self):
        rules = RULES.replace("app: engine", "app: engine base")
        self.assertEqual(list(arrows.judge(SOUND, *arrows.read_rules(rules))),
                         ["app may know base, and does not: arrows.txt should say so"])


if __name__ == "__main__":
    unittest.main()
