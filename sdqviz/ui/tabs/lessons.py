"""Lessons for a class, with their teacher's sheet."""

import gradio as gr

from sdqviz.ui.component import NOTHING, component
from sdqviz.ui.context import AppContext
from sdqviz.ui.contract import QUIET, Shared
from sdqviz.ui.reads import reads
from sdqviz.views.lessons.document import lessons_document
from sdqviz.views.lessons.lesson import lessons
from sdqviz.views.lessons.places import Places


class LessonsTab:
    name, label, order = "lessons", "Lessons", 7

    def build(self, context: AppContext, shared: Shared) -> None:
        page = component("lessons", "lessons", waits=context.has_run)

        @reads
        def fill() -> str:
            store = context.store
            if not context.has_run:
                return NOTHING
            places = Places(store.runs.list(), store.blobs, context.demos, context.pinned)
            return lessons_document(lessons(), places, context.address)

        gr.on([shared.run.change, shared.listing.change], fill, None, page, **QUIET)


TAB = LessonsTab()
