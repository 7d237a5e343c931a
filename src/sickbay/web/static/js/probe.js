// In an unseen frame of the chart, under the other loopback name: can a page of another site store anything here?
const stores = () => { try { sessionStorage.setItem("probe", "1"); sessionStorage.removeItem("probe"); return true; } catch { return false; } };
parent.postMessage({ stores: stores() }, "*");
