# SPDX-License-Identifier: LGPL-2.1-or-later
"""The snake game: arrow keys or WASD, q ends it.

  >>> from demos import snake
  >>> snake.play()
"""
import collections
import random
import time

import efi
from keys import Keys

COLUMNS, ROWS, SECONDS = 32, 24, 0.12
GROUND, BODY, HEAD, FOOD, WALL = 0x102010, 0x40c040, 0xf0f060, 0xe04040, 0x606060
TURNS = {"up": (0, -1), "down": (0, 1), "left": (-1, 0), "right": (1, 0),
         "w": (0, -1), "s": (0, 1), "a": (-1, 0), "d": (1, 0)}


class Game:
    """The rules: cells are (column, row)."""

    def __init__(self, columns=COLUMNS, rows=ROWS, seed=None):
        self.columns, self.rows = columns, rows
        self._random = random.Random(seed)
        middle = (columns // 2, rows // 2)
        self.snake = collections.deque((middle[0] - i, middle[1]) for i in range(4))  # the head is first
        self.direction = (1, 0)
        self.score, self.over = 0, False
        self._place_food()

    def _place_food(self):
        free = [(x, y) for x in range(self.columns) for y in range(self.rows) if (x, y) not in self.snake]
        self.food = self._random.choice(free) if free else None
        self.over = self.over or not free

    def turn(self, direction):
        """Not back into itself."""
        neck = self.snake[1]
        if (self.snake[0][0] + direction[0], self.snake[0][1] + direction[1]) != neck:
            self.direction = direction

    def step(self):
        head = (self.snake[0][0] + self.direction[0], self.snake[0][1] + self.direction[1])
        eats = head == self.food
        if not eats:
            self.snake.pop()
        if head in self.snake or not (0 <= head[0] < self.columns and 0 <= head[1] < self.rows):
            self.over = True
            return
        self.snake.appendleft(head)
        if eats:
            self.score += 1
            self._place_food()


class Board:
    """Draws what has changed."""

    def __init__(self, game):
        self._screen = efi.Graphics()
        self._cell = min(self._screen.width // (game.columns + 2), self._screen.height // (game.rows + 2))
        self._left = (self._screen.width - game.columns * self._cell) // 2
        self._top = (self._screen.height - game.rows * self._cell) // 2
        self._shown = {}
        cell = self._cell
        self._screen.fill(0, 0, self._screen.width, self._screen.height, 0)
        self._screen.fill(self._left - cell // 2, self._top - cell // 2, (game.columns + 1) * cell,
                          (game.rows + 1) * cell, WALL)
        self._screen.fill(self._left, self._top, game.columns * cell, game.rows * cell, GROUND)

    def show(self, game):
        wanted = dict.fromkeys(game.snake, BODY)
        wanted[game.snake[0]] = HEAD
        if game.food is not None:
            wanted[game.food] = FOOD
        for place in self._shown.keys() | wanted.keys():
            colour = wanted.get(place, GROUND)
            if self._shown.get(place, GROUND) != colour:
                self._screen.fill(self._left + place[0] * self._cell + 1, self._top + place[1] * self._cell + 1,
                                  self._cell - 2, self._cell - 2, colour)
        self._shown = wanted


def play(seed=None, seconds=SECONDS):
    """Plays until the snake bites or hits something; the score."""
    game = Game(seed=seed)
    board = Board(game)
    with Keys() as source:
        next_step = time.monotonic()
        while not game.over:
            board.show(game)
            next_step += seconds
            for key in source.until(next_step):
                if key in ("q", "escape"):
                    return game.score
                if key in TURNS:
                    game.turn(TURNS[key])
            game.step()
    return game.score


if __name__ == "__main__":
    print(f"score: {play()}")
