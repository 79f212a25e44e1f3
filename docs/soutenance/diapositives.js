// Keys of the slides: arrows, space and page keys move by one, Home and End to the ends, N shows the notes.
(() => {
    const slides = [...document.querySelectorAll("section")];
    const current = () => Math.round(scrollY / innerHeight);
    const go = (n) => slides[Math.min(Math.max(n, 0), slides.length - 1)].scrollIntoView();
    const moves = {
        ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1,
        ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Home: -Infinity, End: Infinity,
    };
    addEventListener("keydown", (event) => {
        if (event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key.toLowerCase() === "n") document.body.classList.toggle("with-notes");
        if (!(event.key in moves)) return;
        event.preventDefault();
        const by = event.shiftKey && event.key === " " ? -1 : moves[event.key];
        go(Number.isFinite(by) ? current() + by : by > 0 ? slides.length - 1 : 0);
    });
})();
