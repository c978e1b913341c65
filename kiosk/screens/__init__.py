"""What residents see. Kivy only draws the texts of `kiosk.views` and reports touches as inputs of `kiosk.flow`.

Imported after `kiosk.app` has set Kivy up: importing it opens the window.
"""
